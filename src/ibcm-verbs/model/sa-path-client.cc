// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/sa-path-client.h"

#include "ibcm-verbs/model/umad-address.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr int kTimeoutMs = 1000;
constexpr int kRetries = 3; ///< made by the kernel, which awaits the answer to a Get
/** When the administrator was busy. */
constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kPause{250};

} // namespace

SaPathClient::SaPathClient(std::unique_ptr<UmadAgent> agent)
    : m_agent(std::move(agent))
{
}

VerbsResult<ibcm::Path> SaPathClient::Find(const PortSnapshot& port, const PathQuestion& question)
{
    if (port.smLid == 0)
    {
        return tl::unexpected(
            VerbsError{ENETDOWN, "the port knows no subnet manager; is one running?"});
    }
    ibcm::MadAddress administrator;
    administrator.dlid = port.smLid;
    administrator.sl = port.smSl;
    administrator.pkeyIndex = cmverbs::FindPkey(port, 0xffff).value_or(0);
    const std::lock_guard hold(m_lock);
    VerbsResult<ibcm::Path> answer =
        tl::unexpected(VerbsError{ETIMEDOUT, "the subnet administrator does not answer"});
    for (int attempt = 0; attempt < kAttempts; ++attempt)
    {
        const std::uint32_t id = ++m_lastTransactionId;
        const int code = m_agent->Send(
            BuildPathQuery(question, id), ToUmad(administrator), kTimeoutMs, kRetries);
        if (code != 0)
        {
            return tl::unexpected(VerbsError{code, "cannot send to the subnet administrator"});
        }
        answer = Await(id);
        if (answer || answer.error().code != EAGAIN)
        {
            return answer;
        }
        std::this_thread::sleep_for(kPause);
    }
    return answer;
}

VerbsResult<ibcm::Path> SaPathClient::Await(std::uint32_t transactionId)
{
    const VerbsError silence{ETIMEDOUT, "the subnet administrator does not answer"};
    pollfd readable{m_agent->FileDescriptor(), POLLIN, 0};
    // The kernel says so itself when the retries are over; this is in case it does not.
    while (poll(&readable, 1, kTimeoutMs * (kRetries + 2)) > 0)
    {
        UmadArrival arrival;
        if (const int code = m_agent->Receive(arrival); code != 0)
        {
            return tl::unexpected(VerbsError{code, "cannot hear the subnet administrator"});
        }
        const ibwire::MadHeader header = ibwire::DecodeHeader(arrival.bytes);
        if (arrival.status != 0)
        {
            if (static_cast<std::uint32_t>(header.transactionId) == transactionId)
            {
                return tl::unexpected(silence);
            }
            continue;
        }
        auto answer = ReadPathAnswer(arrival.bytes, transactionId);
        const bool other = static_cast<std::uint32_t>(header.transactionId) != transactionId;
        if (arrival.length == ibwire::kMadBytes && !other)
        {
            return answer;
        }
    }
    return tl::unexpected(silence);
}

} // namespace cmverbs
