// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_FAKE_UMAD_H
#define TEST_FAKE_UMAD_H

#include "ibcm-verbs/model/umad-agent.h"
#include "ibcm/helper/host-threads.h"

#include <deque>
#include <functional>
#include <vector>

namespace cmverbs::test
{

/** An agent without a kernel: keeps what is sent, and hands out what the test puts in. */
class FakeUmad final : public UmadAgent
{
  public:
    struct Sent
    {
        ibwire::MadBytes mad;
        ib_mad_addr_t address;
        int timeoutMs;
        int retries;
    };

    FakeUmad();
    ~FakeUmad() override;

    int FileDescriptor() const override;
    int Send(const ibwire::MadBytes& mad,
             const ib_mad_addr_t& address,
             int timeoutMs,
             int retries) override;
    int Receive(UmadArrival& arrival) override;

    /** What Send answers and does beside keeping it; null: 0 and nothing. */
    std::function<int(const Sent&)> onSend;

    void Put(const UmadArrival& arrival);
    /** A MAD of the right length, from an address. */
    void Put(const ibwire::MadBytes& mad, const ib_mad_addr_t& from);
    /** Receive answers with this errno from now on. */
    void Break(int code);

    std::vector<Sent> AllSent() const;
    /** Waits until so many have been sent. False if that does not come about. */
    bool AwaitSent(std::size_t count) const;

  private:
    void Signal() const;

    int m_descriptor;
    mutable ibcm::OsMutex m_lock;
    mutable ibcm::OsCondition m_sentMore;
    std::vector<Sent> m_sent;
    std::deque<UmadArrival> m_arrivals;
    int m_broken{0};
};

/** Lets the test keep an agent that somebody else owns. */
class BorrowedUmad final : public UmadAgent
{
  public:
    explicit BorrowedUmad(FakeUmad& agent)
        : m_agent(agent)
    {
    }

    int FileDescriptor() const override
    {
        return m_agent.FileDescriptor();
    }

    int Send(const ibwire::MadBytes& mad,
             const ib_mad_addr_t& address,
             int timeoutMs,
             int retries) override
    {
        return m_agent.Send(mad, address, timeoutMs, retries);
    }

    int Receive(UmadArrival& arrival) override
    {
        return m_agent.Receive(arrival);
    }

  private:
    FakeUmad& m_agent;
};

/** A MAD as the kernel sends it: the upper half of the transaction id is its agent's number. */
ibwire::MadBytes AsKernelSends(ibwire::MadBytes mad, std::uint32_t agent);

} // namespace cmverbs::test

#endif /* TEST_FAKE_UMAD_H */
