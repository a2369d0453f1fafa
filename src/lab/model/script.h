// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SCRIPT_H
#define LAB_SCRIPT_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/event.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/**
 * @file
 * What consumers of connection management do when [[connect]] and [[listen]] are not enough: the
 * tables [[task]] and [[on]] of a scenario. doc/scenarios.md describes each key.
 */

namespace lab
{

/** What a step does; most of it is a call of ibcm::ConnectionManager. */
enum class Verb : std::uint8_t
{
    kCreate,
    kListen,
    kListenShared,
    kReq,
    kRep,
    kRtu,
    kMra,
    kRej,
    kDreq,
    kDrep,
    kLap,
    kApr,
    kSidrReq,
    kSidrRep,
    kNotify,
    kQpAttributes,
    kInspect,
    kDestroy,
    kDestroyAll,
    kRemovePort,
    kAddPort,
    kSleep,
    kWait,
    kWaitMessage,
    kSend,
};

/** A field of a crafted message, and where its value comes from. */
struct FieldSpec
{
    std::string field;
    std::uint64_t number{0};
    /** The same from the latest such message that was on the wire, instead of the number. */
    std::optional<ibwire::CmAttribute> message;
    std::string from; ///< host that sent it; empty: any
    std::string source;
};

/** One thing that a consumer does. */
struct StepSpec
{
    Verb verb{Verb::kSleep};
    std::string id;     ///< by its name; empty in a reaction: the event's
    std::string to;     ///< host
    std::string word;   ///< notify: which event; qp-attributes: which state
    std::string qpType; ///< of a REQ; empty: RC
    std::uint64_t serviceId{0};
    std::uint64_t serviceMask{ibcm::kExactService};
    unsigned backlog{0};
    unsigned code{0}; ///< reason of a REJ, status of an APR or SIDR_REP, service timeout of an MRA
    unsigned cmResponseTimeout{20};
    unsigned remoteCmResponseTimeout{20};
    unsigned maxCmRetries{15};
    bool again{false};       ///< with the id that the name has, instead of a new one
    bool onDuplicate{false}; ///< an MRA
    bool alternate{false};   ///< a REQ with an alternate path
    bool peerToPeer{false};
    std::int64_t forNs{0}; ///< sleep; at most so long for waits
    /** Events that are waited for, a bit each; 0: any that an id hears last. */
    std::uint32_t events{0};
    std::optional<ibwire::CmAttribute> message; ///< sent, or waited for
    std::string from;                           ///< host that has sent it; empty: any
    unsigned nth{1};                            ///< from 1
    bool copy{false};                           ///< of the latest such message on the wire
    std::vector<FieldSpec> fields;
    std::string info;
    std::string privateData;
    std::string result; ///< what the call must return: "ok" or an error's name; empty: anything
    bool maybe{false};  ///< a search may leave it out
    unsigned line{0};
};

/** A thread of a host's consumer. */
struct TaskSpec
{
    std::string name;
    std::string host;
    std::string consumer; ///< whose ids they are; those of one consumer share names and reactions
    std::int64_t atNs{0};
    unsigned count{1};  ///< so many such threads at once
    unsigned repeat{1}; ///< each does its steps so often
    std::vector<StepSpec> steps;
    unsigned line{0};
};

/** What a consumer does in the handler of an event, instead of the usual. */
struct ReactionSpec
{
    std::string host;
    std::string consumer;
    ibcm::EventType event{ibcm::EventType::kNone};
    std::string id;  ///< only for ids of this name; empty: all
    std::string as;  ///< the name of the id that a request has made
    unsigned nth{0}; ///< only the n-th such event, from 1; 0: each
    bool maybe{false};
    std::vector<StepSpec> steps;
    ibcm::Disposition answer{ibcm::Disposition::kKeep};
    unsigned line{0};
};

} // namespace lab

#endif /* LAB_SCRIPT_H */
