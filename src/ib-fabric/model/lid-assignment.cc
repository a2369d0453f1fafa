// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/lid-assignment.h"

#include <algorithm>
#include <vector>

namespace ns3
{

namespace
{

constexpr std::uint32_t kMaxUnicastLid = 0xbfff;

class LidSpace
{
  public:
    bool Claim(std::uint32_t first, std::uint32_t count)
    {
        if (first == 0 || first % count != 0 || first + count - 1 > kMaxUnicastLid)
        {
            return false;
        }
        for (std::uint32_t lid = first; lid < first + count; ++lid)
        {
            if (m_used[lid])
            {
                return false;
            }
        }
        std::fill_n(m_used.begin() + first, count, true);
        return true;
    }

    /** \returns the first of so many free LIDs, aligned; 0 if there is no room */
    std::uint32_t ClaimLowest(std::uint32_t count)
    {
        // Nothing below this was free for a smaller or equal number.
        std::uint32_t& from = m_lowest[count > 1 ? 1 : 0];
        for (std::uint32_t lid = (from + count - 1) / count * count; lid <= kMaxUnicastLid;
             lid += count)
        {
            if (Claim(lid, count))
            {
                from = lid + count;
                return lid;
            }
        }
        return 0;
    }

  private:
    std::vector<bool> m_used = std::vector<bool>(kMaxUnicastLid + 1);
    std::uint32_t m_lowest[2] = {1, 1};
};

} // namespace

std::uint16_t AssignLids(SubnetDatabase& database, std::uint8_t lmc)
{
    LidSpace space;
    const auto endPorts = database.GetEndPorts();
    const auto countOf = [&](SubnetEndPort at)
    { return database.nodes[at.node].IsSwitch() ? 1U : 1U << lmc; };
    for (const SubnetEndPort at : endPorts)
    {
        SubnetPort& port = database.nodes[at.node].ports[at.port];
        port.lid = space.Claim(port.info.lid, countOf(at)) ? port.info.lid : 0;
    }
    std::uint32_t highest = 0;
    for (const SubnetEndPort at : endPorts)
    {
        SubnetPort& port = database.nodes[at.node].ports[at.port];
        if (port.lid == 0)
        {
            port.lid = static_cast<std::uint16_t>(space.ClaimLowest(countOf(at)));
            if (port.lid == 0)
            {
                return 0;
            }
        }
        port.info.lmc = database.nodes[at.node].IsSwitch() ? 0 : lmc;
        highest = std::max(highest, port.lid + countOf(at) - 1);
    }
    return static_cast<std::uint16_t>(highest);
}

} // namespace ns3
