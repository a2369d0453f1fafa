// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/fake-umad.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>

namespace cmverbs::test
{

FakeUmad::FakeUmad()
    : m_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
{
}

FakeUmad::~FakeUmad()
{
    close(m_descriptor);
}

int FakeUmad::FileDescriptor() const
{
    return m_descriptor;
}

int FakeUmad::Send(const ibwire::MadBytes& mad,
                   const ib_mad_addr_t& address,
                   int timeoutMs,
                   int retries)
{
    const Sent sent{mad, address, timeoutMs, retries};
    const int code = onSend ? onSend(sent) : 0;
    const std::lock_guard hold(m_lock);
    m_sent.push_back(sent);
    m_sentMore.notify_all();
    return code;
}

int FakeUmad::Receive(UmadArrival& arrival)
{
    const std::lock_guard hold(m_lock);
    if (m_broken != 0)
    {
        return m_broken;
    }
    if (m_arrivals.empty())
    {
        return EAGAIN;
    }
    std::uint64_t taken = 0;
    if (read(m_descriptor, &taken, sizeof taken) != sizeof taken)
    {
        return EAGAIN;
    }
    arrival = m_arrivals.front();
    m_arrivals.pop_front();
    return 0;
}

void FakeUmad::Put(const UmadArrival& arrival)
{
    const std::lock_guard hold(m_lock);
    m_arrivals.push_back(arrival);
    Signal();
}

void FakeUmad::Put(const ibwire::MadBytes& mad, const ib_mad_addr_t& from)
{
    UmadArrival arrival;
    arrival.length = mad.size();
    arrival.address = from;
    arrival.bytes = mad;
    Put(arrival);
}

void FakeUmad::Break(int code)
{
    const std::lock_guard hold(m_lock);
    m_broken = code;
    Signal();
}

void FakeUmad::Signal() const
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(m_descriptor, &one, sizeof one);
}

std::vector<FakeUmad::Sent> FakeUmad::AllSent() const
{
    const std::lock_guard hold(m_lock);
    return m_sent;
}

bool FakeUmad::AwaitSent(std::size_t count) const
{
    std::unique_lock hold(m_lock);
    return m_sentMore.wait_for(
        hold, std::chrono::seconds{20}, [this, count] { return m_sent.size() >= count; });
}

ibwire::MadBytes AsKernelSends(ibwire::MadBytes mad, std::uint32_t agent)
{
    ibwire::MadHeader header = ibwire::DecodeHeader(mad);
    if (!ibwire::IsResponse(header.method))
    {
        header.transactionId = std::uint64_t{agent} << 32U | (header.transactionId & 0xffffffffU);
        ibwire::EncodeHeader(header, mad);
    }
    return mad;
}

} // namespace cmverbs::test
