// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A port without a wire, for a Connection Manager whose peers are the test.
#ifndef WEFT_TEST_LAB_HAND_PORT_H
#define WEFT_TEST_LAB_HAND_PORT_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/mad-port.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace labtest
{

inline constexpr std::uint64_t kGuid = 0x0002c903000a0001;
inline constexpr std::uint16_t kLid = 10;

inline ibwire::Gid GidOf(std::uint64_t guid)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, guid);
}

/** A port on which sends end when the test says so. */
class HandPort final : public ibcm::MadPort
{
  public:
    void SetSink(ibcm::MadSink* to) override
    {
        sink = to;
    }

    ibcm::Result<ibcm::SendToken> Send(const ibwire::MadBytes& mad,
                                       const ibcm::MadAddress&,
                                       ibcm::Duration timeout,
                                       unsigned,
                                       std::uint64_t context) override
    {
        const ibwire::CmMessage message = ibwire::DecodeCm(mad).value();
        const ibwire::CmAttribute attribute = ibwire::AttributeOf(message);
        names += names.empty() ? "" : " ";
        names += ibwire::ToString(attribute);
        messages.push_back(message);
        transactions[attribute] = ibwire::DecodeHeader(mad).transactionId;
        if (timeout == ibcm::Duration{0})
        {
            return ibcm::SendToken::kNone;
        }
        lastContext = context;
        last = static_cast<ibcm::SendToken>(++m_tokens);
        return last;
    }

    bool Modify(ibcm::SendToken, ibcm::Duration) override
    {
        return true;
    }

    bool Cancel(ibcm::SendToken) override
    {
        return false; // its report is on its way
    }

    bool Resend(ibcm::SendToken) override
    {
        return true;
    }

    std::optional<ibcm::SendProgress> Progress(ibcm::SendToken) const override
    {
        return std::nullopt;
    }

    ibcm::SendCounts Counts() const override
    {
        return {};
    }

    std::uint16_t Lid() const override
    {
        return kLid;
    }

    std::uint8_t Lmc() const override
    {
        return 0;
    }

    std::uint8_t ActiveMtu() const override
    {
        return 5;
    }

    std::uint8_t ActiveRate() const override
    {
        return static_cast<std::uint8_t>(ibwire::Rate::k100Gbps);
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return gid == GidOf(kGuid) ? std::optional<std::uint8_t>(0) : std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return index == 0 ? GidOf(kGuid) : ibwire::Gid{};
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t) const override
    {
        return 0;
    }

    ibcm::MadSink* sink{nullptr};
    std::string names; ///< of the messages sent
    std::vector<ibwire::CmMessage> messages;
    std::map<ibwire::CmAttribute, std::uint64_t> transactions; ///< of the latest of each kind
    ibcm::SendToken last{ibcm::SendToken::kNone};
    std::uint64_t lastContext{0};

  private:
    std::uint64_t m_tokens{0};
};

} // namespace labtest

#endif // WEFT_TEST_LAB_HAND_PORT_H
