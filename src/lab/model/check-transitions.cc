// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/check-transitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

using I = ibcm::Input;
using S = ibcm::State;

using States = std::uint32_t; // bits

template <class... T>
constexpr States In(T... states)
{
    return ((1U << static_cast<unsigned>(states)) | ...);
}

/** In each of these states, this input may lead to each of those. */
struct Rule
{
    States from;
    I input;
    States to;
};

constexpr States kAsking = In(S::kReqSent, S::kMraReqRcvd);
constexpr States kAsked = In(S::kReqRcvd, S::kMraReqSent);
constexpr States kAnswering = In(S::kRepSent, S::kMraRepRcvd);
constexpr States kAnswered = In(S::kRepRcvd, S::kMraRepSent);
constexpr States kConnecting = kAsking | kAsked | kAnswering | kAnswered;
constexpr States kSidr = In(S::kSidrReqSent, S::kSidrReqRcvd);

// clang-format off
constexpr Rule kRules[] = {
    {In(S::kIdle),                  I::kCallListen,            In(S::kListen)},
    {In(S::kIdle),                  I::kCallSendReq,           In(S::kReqSent)},
    {In(S::kIdle),                  I::kCallSendSidrReq,       In(S::kSidrReqSent)},
    {In(S::kIdle),                  I::kReqAccepted,           In(S::kReqRcvd)},
    {In(S::kIdle),                  I::kSidrReqAccepted,       In(S::kSidrReqRcvd)},
    {kAsked,                        I::kCallSendRep,           In(S::kRepSent)},
    {kAnswered,                     I::kCallSendRtu,           In(S::kEstablished)},
    {In(S::kReqRcvd),               I::kCallSendMra,           In(S::kMraReqSent)},
    {In(S::kRepRcvd),               I::kCallSendMra,           In(S::kMraRepSent)},
    {kAsking | kAsked | kAnswered,  I::kCallSendRej,           In(S::kIdle)},
    {kAnswering,                    I::kCallSendRej,           In(S::kTimewait)},
    // A DREQ that cannot be sent ends the connection all the same.
    {In(S::kEstablished),           I::kCallSendDreq,          In(S::kDreqSent, S::kTimewait)},
    {In(S::kDreqRcvd),              I::kCallSendDrep,          In(S::kTimewait)},
    {In(S::kSidrReqRcvd),           I::kCallSendSidrRep,       In(S::kIdle)},
    {kAnswering,                    I::kCallNotifyEstablished, In(S::kEstablished)},

    {In(S::kListen, S::kTimewait),  I::kCallDestroy,           In(S::kIdle)},
    {kAsking | kAsked | kAnswered | kSidr, I::kCallDestroy,    In(S::kIdle)},
    {kAnswering,                    I::kCallDestroy,           In(S::kTimewait)},
    {In(S::kEstablished),           I::kCallDestroy,           In(S::kDreqSent, S::kTimewait)},
    {In(S::kDreqSent, S::kDreqRcvd), I::kCallDestroy,          In(S::kTimewait)},
    {In(S::kReqRcvd),               I::kCallDestroyNoMemory,   In(S::kIdle)},
    {In(S::kEstablished),           I::kCallDestroyXrcTarget,  In(S::kIdle)},

    {In(S::kReqSent),               I::kMraReq,                In(S::kMraReqRcvd)},
    {In(S::kReqSent),               I::kReqYielded,            In(S::kReqRcvd)},
    {kAsking,                       I::kRedirected,            In(S::kReqSent)},
    {kAsking,                       I::kRep,                   In(S::kRepRcvd)},
    // A REP that cannot be taken is answered with a REJ, and that is the end.
    {kAsking,                       I::kRepRefused,            In(S::kIdle)},
    {In(S::kRepSent),               I::kMraRep,                In(S::kMraRepRcvd)},
    {kAnswering,                    I::kRtu,                   In(S::kEstablished)},
    {kAsking | kAsked | kAnswering, I::kRej,                   In(S::kIdle)},
    {kAnswered,                     I::kRej,                   In(S::kTimewait)},
    {In(S::kEstablished, S::kDreqSent), I::kRej,               In(S::kTimewait)},
    {kConnecting,                   I::kRejStale,              In(S::kTimewait)},
    {In(S::kEstablished, S::kDreqSent), I::kRejStale,          In(S::kTimewait)},
    {kAnswering,                    I::kDreq,                  In(S::kDreqRcvd)},
    {In(S::kEstablished, S::kDreqSent), I::kDreq,              In(S::kDreqRcvd)},
    {In(S::kDreqSent, S::kDreqRcvd), I::kDrep,                 In(S::kTimewait)},
    {In(S::kSidrReqSent),           I::kSidrRep,               In(S::kIdle)},

    {kAsking,                       I::kReqTimeout,            In(S::kIdle)},
    {kAnswering,                    I::kRepTimeout,            In(S::kIdle)},
    {In(S::kDreqSent),              I::kDreqTimeout,           In(S::kTimewait)},
    {In(S::kSidrReqSent),           I::kSidrReqTimeout,        In(S::kIdle)},
    {In(S::kTimewait),              I::kTimewaitExit,          In(S::kIdle)},
};
// clang-format on

} // namespace

bool TransitionCheck::Allowed(S from, I input, S to)
{
    return std::any_of(std::begin(kRules),
                       std::end(kRules),
                       [&](const Rule& rule) {
                           return rule.input == input && (rule.from & In(from)) != 0 &&
                                  (rule.to & In(to)) != 0;
                       });
}

void TransitionCheck::OnTransition(std::uint32_t host,
                                   const std::string& name,
                                   const ibcm::TransitionTrace& step)
{
    Known& known = m_states.At(HandleKey(host, step.id));
    const S expected = known.known ? known.state : S::kIdle;
    known = {true, step.to};
    const bool jumped = step.from != expected;
    if (!jumped && Allowed(step.from, step.input, step.to))
    {
        return;
    }
    const std::string change =
        fmt::format("{} to {} by {}", ToString(step.from), ToString(step.to), ToString(step.input));
    std::string text =
        jumped ? fmt::format("{}: id {:08x} goes from {}, but it was left in {}",
                             name,
                             step.localCommId,
                             change,
                             ToString(expected))
               : fmt::format("{}: id {:08x} goes from {}, which the protocol does not allow",
                             name,
                             step.localCommId,
                             change);
    std::string subject =
        jumped ? fmt::format("{}, left in {}", change, ToString(expected)) : change;
    m_engine.Report(interleave::ViolationKind::kTransition, std::move(text), std::move(subject));
}

bool TransitionCheck::Listens(std::uint32_t host, ibcm::Handle id)
{
    const Known* known = m_states.Find(HandleKey(host, id));
    return known != nullptr && known->known && known->state == S::kListen;
}

void TransitionCheck::Forget(std::uint32_t host, ibcm::Handle id)
{
    if (Known* known = m_states.Find(HandleKey(host, id)))
    {
        known->known = false;
    }
}

} // namespace lab
