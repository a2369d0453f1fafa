// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_END_TABLES_H
#define IBCM_END_TABLES_H

#include "ib-wire/model/path-codes.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/model/mad-port.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ibcm
{

/** What a port at the end of a simple wire knows of itself. */
struct EndTables
{
    std::uint16_t lid{0}; ///< not 0, no other end's; a multiple of 2^lmc
    std::vector<ibwire::Gid> gids{};
    std::vector<std::uint16_t> pkeys{0xffff};
    std::uint8_t lmc{0}; ///< 0..7: the end takes what is sent to lid .. lid + 2^lmc - 1
    ibwire::Mtu activeMtu{ibwire::Mtu::k4096};
    ibwire::Rate activeRate{ibwire::Rate::k100Gbps};

    bool HasLid(std::uint16_t other) const;
    /** Index of @p gid; nothing if it is not in the table. */
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const;
    /** The zero GID behind the table's end. */
    ibwire::Gid GidAt(std::uint8_t index) const;
    /** Index of @p pkey; full membership matches limited. */
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const;
};

/** An end whose port knows of itself what stands in its tables, which never change. */
class TabledEnd : public MadWire
{
  public:
    explicit TabledEnd(EndTables tables);

    const EndTables& Tables() const
    {
        return m_tables;
    }

    std::uint16_t Lid() const override;
    std::uint8_t Lmc() const override;
    std::uint8_t ActiveMtu() const override;
    std::uint8_t ActiveRate() const override;
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override;
    ibwire::Gid GidAt(std::uint8_t index) const override;
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override;

  private:
    const EndTables m_tables;
};

/**
 * What @p to receives of a MAD that @p from sends to @p address, which names one of its LIDs.
 * Nothing if the packet's P_Key is not in both tables: then it never gets past a port.
 */
std::optional<ReceivedMad> ArrivalOf(const ibwire::MadBytes& mad,
                                     const MadAddress& address,
                                     const EndTables& from,
                                     const EndTables& to);

} // namespace ibcm

#endif /* IBCM_END_TABLES_H */
