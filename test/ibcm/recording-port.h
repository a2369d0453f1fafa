// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A port that remembers what was sent through it, so that a test can let a report come late: after
// the send was cancelled, which no port may do alone but two threads may.
#ifndef WEFT_TEST_IBCM_RECORDING_PORT_H
#define WEFT_TEST_IBCM_RECORDING_PORT_H

#include "ibcm/model/mad-port.h"

#include <map>

namespace ibcm::test
{

/** Passes everything on to another port. */
class RecordingPort final : public MadPort
{
  public:
    explicit RecordingPort(MadPort& port)
        : m_port(port)
    {
    }

    /** The latest reliable send of a kind. */
    struct Recorded
    {
        SendToken token{SendToken::kNone};
        std::uint64_t context{0};
    };

    Recorded LatestOf(ibwire::CmAttribute attribute) const
    {
        const auto it = m_latest.find(attribute);
        return it == m_latest.end() ? Recorded() : it->second;
    }

    /** Reports the end of a send that was cancelled, or of one that there never was. */
    void ReportLate(const Recorded& send)
    {
        m_sink->OnSendDone(send.context, send.token, SendStatus::kTimeout);
    }

    void SetSink(MadSink* sink) override
    {
        m_sink = sink;
        m_port.SetSink(sink);
    }

    Result<SendToken> Send(const ibwire::MadBytes& mad,
                           const MadAddress& address,
                           Duration timeout,
                           unsigned retries,
                           std::uint64_t context) override
    {
        const auto token = m_port.Send(mad, address, timeout, retries, context);
        if (token && timeout > Duration{0})
        {
            const auto kind =
                static_cast<ibwire::CmAttribute>(ibwire::DecodeHeader(mad).attributeId);
            m_latest[kind] = {*token, context};
        }
        return token;
    }

    bool Modify(SendToken token, Duration timeout) override
    {
        return m_port.Modify(token, timeout);
    }

    bool Cancel(SendToken token) override
    {
        return m_port.Cancel(token);
    }

    bool Resend(SendToken token) override
    {
        return m_port.Resend(token);
    }

    std::optional<SendProgress> Progress(SendToken token) const override
    {
        return m_port.Progress(token);
    }

    SendCounts Counts() const override
    {
        return m_port.Counts();
    }

    std::uint16_t Lid() const override
    {
        return m_port.Lid();
    }

    std::uint8_t Lmc() const override
    {
        return m_port.Lmc();
    }

    std::uint8_t ActiveMtu() const override
    {
        return m_port.ActiveMtu();
    }

    std::uint8_t ActiveRate() const override
    {
        return m_port.ActiveRate();
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return m_port.FindGid(gid);
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return m_port.GidAt(index);
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        return m_port.FindPkey(pkey);
    }

  private:
    MadPort& m_port;
    MadSink* m_sink{nullptr};
    std::map<ibwire::CmAttribute, Recorded> m_latest;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_RECORDING_PORT_H
