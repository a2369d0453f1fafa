// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_PORT_SNAPSHOT_H
#define IBCM_VERBS_PORT_SNAPSHOT_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/path-codes.h"
#include "ibcm/helper/host-threads.h"
#include "ibcm/model/ip-cm.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace cmverbs
{

/** What packets of a GID look like. */
enum class GidType : std::uint8_t
{
    kInfiniband,
    kRoceV1,
    kRoceV2,
};

struct GidEntry
{
    ibwire::Gid gid;
    std::uint8_t index{0}; ///< in the port's GID table
    GidType type{GidType::kInfiniband};
    unsigned interface {
        0
    }; ///< index of the network interface that it belongs to; 0: none
};

/** A port as it was at one moment. */
struct PortSnapshot
{
    std::uint8_t number{1};
    bool active{false};
    bool ethernet{false};
    std::uint16_t lid{0};
    std::uint8_t lmc{0};
    std::uint16_t smLid{0};
    std::uint8_t smSl{0};
    ibwire::Mtu mtu{ibwire::Mtu::k1024}; ///< active
    ibwire::Rate rate{ibwire::Rate{0}};  ///< of the link; 0: it is not known
    std::vector<GidEntry> gids;          ///< those that are in use, by index
    std::vector<std::uint16_t> pkeys;    ///< the whole table: the place is the index
};

/**
 * The entry that messages with this GID use: on Ethernet RoCE v2 only, as v1 has no UDP. Null if
 * there is none.
 */
const GidEntry* FindGid(const PortSnapshot& port, const ibwire::Gid& gid);
/**
 * The same for a GID that several interfaces may have: that of @p interface, or else the first.
 */
const GidEntry* FindGid(const PortSnapshot& port, const ibwire::Gid& gid, unsigned interface);
/** The entry at an index; null if none is in use there. */
const GidEntry* GidAt(const PortSnapshot& port, std::uint8_t index);
/** True if CM messages can go out: an InfiniBand GID, or one of RoCE v2. */
bool HasUsableGid(const PortSnapshot& port);
/** Index of a P_Key; full membership matches limited, one with the same membership is preferred. */
std::optional<std::uint16_t> FindPkey(const PortSnapshot& port, std::uint16_t pkey);
/** The P_Key at an index; the default one if the table is shorter. */
std::uint16_t PkeyAt(const PortSnapshot& port, std::uint16_t index);

/** The GID that an IP address is on RoCE v2: IPv4 as ::ffff:a.b.c.d. */
ibwire::Gid GidOfAddress(const ibcm::IpAddress& address);
/** The IP address that such a GID stands for. */
ibcm::IpAddress AddressOfGid(const ibwire::Gid& gid);

/**
 * The rate of a link. @param speed, @param width the codes of verbs' port attributes. Rate{0} for
 * codes that nobody has defined yet.
 */
ibwire::Rate LinkRate(unsigned speed, unsigned width);

/** The latest snapshot of a port, for many threads. */
class PortState
{
  public:
    explicit PortState(PortSnapshot first);

    std::shared_ptr<const PortSnapshot> Get() const;
    void Set(PortSnapshot next);

  private:
    mutable ibcm::OsMutex m_lock;
    std::shared_ptr<const PortSnapshot> m_latest;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_PORT_SNAPSHOT_H */
