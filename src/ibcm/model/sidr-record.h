// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_SIDR_RECORD_H
#define IBCM_SIDR_RECORD_H

#include "ib-wire/model/gid.h"

#include <boost/intrusive/set.hpp>

#include <cstdint>
#include <tuple>

namespace ibcm
{

/**
 * Private to the core: that a SIDR_REQ has come and is not answered yet, so that its repetitions
 * are recognised. Its id owns it; all is constant but the hook, which the table lock protects.
 */
struct SidrRecord : public boost::intrusive::set_base_hook<>
{
    std::uint32_t requestId{0};
    std::uint16_t lid{0}; ///< of the client; 0 on Ethernet
    ibwire::Gid gid;      ///< of the client, if its MAD had a GRH and the behaviour heeds it

    auto Key() const
    {
        return std::tie(requestId, lid, gid.raw);
    }

    friend bool operator<(const SidrRecord& a, const SidrRecord& b)
    {
        return a.Key() < b.Key();
    }
};

} // namespace ibcm

#endif /* IBCM_SIDR_RECORD_H */
