// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-timing.h"

#include "ibcm/model/timeouts.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ibcm::test
{

namespace
{

using ibwire::CmAttribute;
using What = ReplayStep::What;
using PeerId = std::pair<std::size_t, std::uint32_t>;

/** How long nothing happened after a REQ that was not repeated: it cannot have waited less. */
Duration SilenceAfter(const std::vector<ReplayStep>& steps, std::size_t req)
{
    const std::uint32_t id = LocalIdOf(*steps[req].message);
    for (std::size_t i = req + 1; i < steps.size(); ++i)
    {
        const ReplayStep& step = steps[i];
        if (step.message && step.peer == steps[req].peer &&
            id == (IsOurs(step) ? LocalIdOf(*step.message) : RemoteIdOf(*step.message)))
        {
            return step.mad.time - steps[req].mad.time;
        }
    }
    return Duration{0};
}

/** A lifetime, and how far the waits that follow from it are from those in the capture. */
struct LifeTime
{
    std::uint8_t exponent{0};
    Duration error{0};
};

/** The lifetime with which a CA of this delay writes the REQ's ACK timeout. */
std::optional<LifeTime> LifeTimeFor(const ibwire::CmReq& req,
                                    std::uint8_t caAckDelay,
                                    std::optional<Duration> wait,
                                    Duration silence,
                                    Behaviour behaviour)
{
    std::optional<LifeTime> best;
    for (std::uint8_t life = 0; life < 32; ++life)
    {
        if (AckTimeout(caAckDelay, life) != req.primaryLocalAckTimeout)
        {
            continue;
        }
        const Duration expected = ReqResponseTimeout(life, req.remoteCmResponseTimeout, behaviour);
        const Duration error =
            wait ? std::chrono::abs(expected - *wait) : std::max(Duration{0}, silence - expected);
        if (!best || error < best->error)
        {
            best = LifeTime{life, error};
        }
    }
    return best;
}

/** The lifetimes of all paths if the CA had this delay, and the sum of their errors. */
std::optional<std::pair<TimingGuess, Duration>> GuessWith(const std::vector<ReplayStep>& steps,
                                                          std::uint8_t caAckDelay,
                                                          Behaviour behaviour)
{
    TimingGuess guess{caAckDelay, {}};
    Duration error{0};
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const ReplayStep& step = steps[i];
        if (step.what != What::kExpect || !Is(step, CmAttribute::kReq))
        {
            continue;
        }
        const auto& req = std::get<ibwire::CmReq>(*step.message);
        const auto life =
            LifeTimeFor(req, caAckDelay, WaitOf(steps, i), SilenceAfter(steps, i), behaviour);
        if (!life)
        {
            return std::nullopt;
        }
        guess.packetLifeTime[req.localCommId] = life->exponent;
        error += life->error;
    }
    return std::pair(guess, error);
}

} // namespace

std::optional<Duration> WaitOf(const std::vector<ReplayStep>& steps, std::size_t first)
{
    std::optional<Duration> wait;
    Instant last = steps[first].mad.time;
    for (const ReplayStep& step : steps)
    {
        if (step.what == What::kExpectAgain && step.first == first)
        {
            wait = std::min(wait.value_or(Duration::max()), step.mad.time - last);
            last = step.mad.time;
        }
    }
    return wait;
}

std::uint8_t LifeTimeOf(std::uint8_t ackTimeout, std::uint8_t caAckDelay)
{
    for (std::uint8_t life = 0; life < 32; ++life)
    {
        if (AckTimeout(caAckDelay, life) == ackTimeout)
        {
            return life;
        }
    }
    return 0;
}

TimingGuess GuessTiming(const std::vector<ReplayStep>& steps, Behaviour behaviour)
{
    // What fits equally well: the delay in the host's own REPs, soft-RoCE's and others' usual one,
    // any.
    std::vector<std::uint8_t> delays;
    for (const ReplayStep& step : steps)
    {
        if (IsOurs(step) && Is(step, CmAttribute::kRep))
        {
            delays.push_back(std::get<ibwire::CmRep>(*step.message).targetAckDelay);
            break;
        }
    }
    constexpr std::uint8_t kUsual = 15;
    delays.push_back(kUsual);
    for (std::uint8_t delay = 0; delay < 32; ++delay)
    {
        delays.push_back(delay);
    }
    TimingGuess result;
    std::optional<Duration> best;
    for (const std::uint8_t delay : delays)
    {
        const auto guess = GuessWith(steps, delay, behaviour);
        if (guess && (!best || guess->second < *best))
        {
            result = guess->first;
            best = guess->second;
        }
    }
    return result;
}

std::map<std::uint32_t, Duration> PatienceOf(const std::vector<ReplayStep>& steps,
                                             Behaviour behaviour)
{
    std::map<std::uint32_t, Duration> patience;
    std::map<PeerId, std::uint8_t> asked;
    for (const ReplayStep& step : steps)
    {
        const auto* req = step.message ? std::get_if<ibwire::CmReq>(&*step.message) : nullptr;
        const auto* rep = step.message ? std::get_if<ibwire::CmRep>(&*step.message) : nullptr;
        if (req != nullptr && IsOurs(step))
        {
            patience[req->localCommId] =
                TimeoutFromExponent(req->remoteCmResponseTimeout, behaviour);
        }
        else if (req != nullptr)
        {
            asked[{step.peer, req->localCommId}] = req->localCmResponseTimeout;
        }
        else if (rep != nullptr && IsOurs(step))
        {
            patience[rep->localCommId] =
                TimeoutFromExponent(asked[{step.peer, rep->remoteCommId}], behaviour);
        }
    }
    return patience;
}

} // namespace ibcm::test
