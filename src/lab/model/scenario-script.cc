// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario-script.h"

#include "lab/model/closest-name.h"
#include "lab/model/message-fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace lab
{

namespace
{

using namespace std::string_view_literals;
using ibcm::EventType;

/** Keys that a step may have. */
enum Key : std::uint32_t
{
    kId = 1U << 0,
    kTo = 1U << 1,
    kService = 1U << 2,
    kMask = 1U << 3, ///< mask and backlog
    kTimers = 1U << 4,
    kConnection = 1U << 5, ///< qp-type, alternate, peer-to-peer
    kAgain = 1U << 6,
    kReason = 1U << 7,
    kStatus = 1U << 8,
    kServiceTimeout = 1U << 9,
    kInfo = 1U << 10,
    kData = 1U << 11,
    kEvent = 1U << 12,
    kState = 1U << 13,
    kFor = 1U << 14,     ///< required
    kAtMost = 1U << 15,  ///< the same key, optional
    kMessage = 1U << 16, ///< required
    kSeen = 1U << 17,    ///< from, nth
    kCraft = 1U << 18,   ///< copy, set
    kResult = 1U << 19,
    kOwnId = 1U << 20,     ///< in a reaction: the event's id, if none is named
    kTaskOnly = 1U << 21,  ///< not in a handler
    kSidrTime = 1U << 22,  ///< for: of each transmission
    kCall = kId | kResult, ///< of an id's
};

struct VerbRow
{
    std::string_view name;
    std::uint32_t keys;
    std::size_t dataBytes; ///< room for private data
};

template <class M>
constexpr std::size_t kRoom = ibwire::kPrivateDataBytes<M>;

// clang-format off
/** In the order of Verb. */
constexpr std::array kVerbs{
    VerbRow{"create",        kCall, 0},
    VerbRow{"listen",        kCall | kService | kMask | kAgain, 0},
    VerbRow{"listen-shared", kCall | kService, 0},
    VerbRow{"req",           kCall | kTo | kService | kTimers | kConnection | kAgain | kData,
            kRoom<ibwire::CmReq>},
    VerbRow{"rep",           kCall | kOwnId | kData, kRoom<ibwire::CmRep>},
    VerbRow{"rtu",           kCall | kOwnId | kData, kRoom<ibwire::CmRtu>},
    VerbRow{"mra",           kCall | kOwnId | kServiceTimeout | kData, kRoom<ibwire::CmMra>},
    VerbRow{"rej",           kCall | kOwnId | kReason | kInfo | kData, kRoom<ibwire::CmRej>},
    VerbRow{"dreq",          kCall | kOwnId | kData, kRoom<ibwire::CmDreq>},
    VerbRow{"drep",          kCall | kOwnId | kData, kRoom<ibwire::CmDrep>},
    VerbRow{"lap",           kCall | kOwnId | kData, kRoom<ibwire::CmLap>},
    VerbRow{"apr",           kCall | kOwnId | kStatus | kInfo | kData, kRoom<ibwire::CmApr>},
    VerbRow{"sidr-req",      kCall | kTo | kService | kSidrTime | kAgain | kData,
            kRoom<ibwire::CmSidrReq>},
    VerbRow{"sidr-rep",      kCall | kOwnId | kStatus | kInfo | kData, kRoom<ibwire::CmSidrRep>},
    VerbRow{"notify",        kCall | kOwnId | kEvent, 0},
    VerbRow{"qp-attributes", kCall | kOwnId | kState, 0},
    VerbRow{"inspect",       0, 0},
    VerbRow{"destroy",       kCall, 0},
    VerbRow{"destroy-all",   kTaskOnly, 0},
    VerbRow{"remove-port",   kTaskOnly | kResult, 0},
    VerbRow{"add-port",      kTaskOnly | kResult, 0},
    VerbRow{"sleep",         kFor, 0},
    VerbRow{"wait",          kId | kEvent | kAtMost | kTaskOnly, 0},
    VerbRow{"wait-message",  kMessage | kSeen | kAtMost | kTaskOnly, 0},
    VerbRow{"send",          kTo | kMessage | kCraft, 0},
};
// clang-format on
static_assert(kVerbs.size() == static_cast<std::size_t>(Verb::kSend) + 1);

constexpr auto kVerbNames = []
{
    std::array<std::string_view, kVerbs.size()> names;
    std::ranges::transform(kVerbs, names.begin(), &VerbRow::name);
    return names;
}();

constexpr std::array kNotifications{"comm-est"sv, "path-mig"sv};
constexpr std::array kQpStates{"init"sv, "rtr"sv, "rts"sv};
constexpr std::array kQpTypes{"rc"sv, "uc"sv, "xrc"sv};
constexpr std::array kAnswers{"keep"sv, "destroy"sv, "destroy-no-memory"sv};

/** In the order of ibcm::EventType. */
constexpr std::array kEvents{"REQ_ERROR"sv,
                             "REQ"sv,
                             "REP_ERROR"sv,
                             "REP"sv,
                             "RTU"sv,
                             "USER_ESTABLISHED"sv,
                             "DREQ_ERROR"sv,
                             "DREQ"sv,
                             "DREP"sv,
                             "TIMEWAIT_EXIT"sv,
                             "MRA"sv,
                             "REJ"sv,
                             "LAP_ERROR"sv,
                             "LAP"sv,
                             "APR"sv,
                             "SIDR_REQ_ERROR"sv,
                             "SIDR_REQ"sv,
                             "SIDR_REP"sv};
constexpr std::string_view kEnd = "end";

constexpr std::uint32_t Bit(EventType event)
{
    return 1U << static_cast<unsigned>(event);
}

/** What an id may hear last. */
constexpr std::uint32_t kEnds = Bit(EventType::kReqError) | Bit(EventType::kRepError) |
                                Bit(EventType::kRejReceived) | Bit(EventType::kTimewaitExit) |
                                Bit(EventType::kSidrReqError) | Bit(EventType::kSidrRepReceived);

constexpr unsigned kMostTimes = 1'000'000;
constexpr unsigned kMostTasks = 64;
constexpr std::size_t kInfoBytes = 72;
constexpr std::int64_t kWaitNs = 30'000'000'000;

std::vector<std::string_view> ErrorNames()
{
    std::vector<std::string_view> names{"ok"};
    for (unsigned i = 0; i <= static_cast<unsigned>(ibcm::CmError::kWouldDeadlock); ++i)
    {
        names.emplace_back(ibcm::ToString(static_cast<ibcm::CmError>(i)));
    }
    return names;
}

/** Reads one step: the keys that its verb has. */
class StepReader
{
  public:
    StepReader(ScenarioTable& table, std::span<const std::string_view> hosts, bool inHandler)
        : m_table(table),
          m_hosts(hosts),
          m_inHandler(inHandler)
    {
    }

    StepSpec Read()
    {
        m_step.line = m_table.Line();
        std::string verb;
        m_table.Word("do", verb, kVerbNames, Need::kRequired);
        const auto row = std::ranges::find(kVerbs, verb, &VerbRow::name);
        if (row == kVerbs.end())
        {
            m_table.AllowAll(); // which keys it may have depends on what it does
            return m_step;
        }
        m_row = *row;
        m_step.verb = static_cast<Verb>(row - kVerbs.begin());
        if (m_inHandler && Has(kTaskOnly))
        {
            m_table.Fail("do",
                         fmt::format("do = \"{}\" in an [[on]]", verb),
                         "a step of a [[task]]: a handler does not wait for others");
        }
        m_table.Flag("maybe", m_step.maybe);
        ReadId();
        ReadRequest();
        ReadAnswer();
        ReadWaiting();
        ReadCraft();
        if (Has(kResult))
        {
            m_table.Word("result", m_step.result, ErrorNames());
        }
        return std::move(m_step);
    }

  private:
    bool Has(std::uint32_t keys) const
    {
        return (m_row.keys & keys) != 0;
    }

    void ReadId()
    {
        if (Has(kId))
        {
            m_table.Text(
                "id", m_step.id, m_inHandler && Has(kOwnId) ? Need::kOptional : Need::kRequired);
        }
        if (Has(kAgain))
        {
            m_table.Flag("again", m_step.again);
        }
    }

    void ReadRequest()
    {
        if (Has(kTo))
        {
            m_table.Reference("to", m_step.to, "host", m_hosts, Need::kRequired);
        }
        if (Has(kService))
        {
            m_table.Number64("service", m_step.serviceId, 1, Need::kRequired);
        }
        if (Has(kMask))
        {
            m_table.Number64("mask", m_step.serviceMask, 1);
            m_table.Number("backlog", m_step.backlog, 1, kMostTimes);
        }
        if (Has(kTimers))
        {
            m_table.Number("cm-response-timeout", m_step.cmResponseTimeout, 0, 31);
            m_step.remoteCmResponseTimeout = m_step.cmResponseTimeout;
            m_table.Number("remote-cm-response-timeout", m_step.remoteCmResponseTimeout, 0, 31);
        }
        if (Has(kTimers | kSidrTime))
        {
            m_table.Number("max-cm-retries", m_step.maxCmRetries, 0, 15);
        }
        if (Has(kSidrTime))
        {
            m_step.forNs = 4'096'000'000;
            m_table.Time("timeout", m_step.forNs, 1);
        }
        if (Has(kConnection))
        {
            m_table.Word("qp-type", m_step.qpType, kQpTypes);
            m_table.Flag("alternate", m_step.alternate);
            m_table.Flag("peer-to-peer", m_step.peerToPeer);
        }
    }

    void ReadAnswer()
    {
        if (Has(kReason))
        {
            m_step.code = static_cast<unsigned>(ibwire::RejReason::kConsumer);
            m_table.Number("reason", m_step.code, 1, 65'535);
        }
        if (Has(kStatus))
        {
            m_table.Number("status", m_step.code, 0, 255);
        }
        if (Has(kServiceTimeout))
        {
            m_step.code = ibcm::MraParameters{}.serviceTimeout;
            m_table.Number("service-timeout", m_step.code, 0, 31);
            m_table.Flag("on-duplicate", m_step.onDuplicate);
        }
        if (Has(kInfo))
        {
            m_table.Payload("info", m_step.info, kInfoBytes);
        }
        if (Has(kData))
        {
            // More than there is room for is a mistake that a consumer can make: it is tried.
            m_table.Payload("private-data", m_step.privateData, ibcm::PrivateData::kMaxBytes + 8);
        }
        if (m_step.verb == Verb::kNotify)
        {
            m_table.Word("event", m_step.word, kNotifications, Need::kRequired);
        }
        if (Has(kState))
        {
            m_table.Word("state", m_step.word, kQpStates, Need::kRequired);
        }
    }

    void ReadWaiting()
    {
        if (m_step.verb == Verb::kWait)
        {
            ReadEvent();
        }
        if (Has(kFor))
        {
            m_table.Time("for", m_step.forNs, 0, Need::kRequired);
        }
        if (Has(kAtMost))
        {
            m_step.forNs = kWaitNs;
            m_table.Time("for", m_step.forNs, 1);
        }
    }

    void ReadEvent()
    {
        std::vector<std::string_view> names(kEvents.begin(), kEvents.end());
        names.push_back(kEnd);
        std::string event;
        m_table.Word("event", event, names, Need::kRequired);
        const auto it = std::ranges::find(kEvents, event);
        m_step.events =
            it == kEvents.end() ? kEnds : 1U << static_cast<unsigned>(it - kEvents.begin());
    }

    void ReadCraft()
    {
        if (!Has(kMessage))
        {
            return;
        }
        std::string message;
        m_table.Word("message", message, kMessageNames, Need::kRequired);
        m_step.message = MessageKind(message);
        if (Has(kSeen))
        {
            m_table.Reference("from", m_step.from, "host", m_hosts);
            m_table.Number("nth", m_step.nth, 1, kMostTimes);
        }
        if (Has(kCraft))
        {
            m_table.Flag("copy", m_step.copy);
            m_table.Table("set", "set", [this](ScenarioTable& set) { ReadFields(set); });
        }
    }

    void ReadFields(ScenarioTable& set)
    {
        if (!m_step.message)
        {
            set.AllowAll();
            return; // which message is wrong already
        }
        ibwire::MadBytes mad = EmptyMessage(*m_step.message);
        for (const std::string& name : FieldNames(*m_step.message))
        {
            if (!set.Has(name))
            {
                set.Allow(name);
                continue;
            }
            FieldSpec field;
            field.field = name;
            if (set.IsText(name))
            {
                std::string text;
                set.Text(name, text, Need::kRequired);
                ReadSource(set, name, text, field);
            }
            else
            {
                set.Number64(name, field.number, 0);
            }
            if (!field.message && !WriteField(mad, name, field.number))
            {
                set.Fail(name,
                         fmt::format("{} = {}", name, field.number),
                         "a number that fits into the field");
            }
            m_step.fields.push_back(std::move(field));
        }
    }

    /** "0x12", "REQ.local-communication-id" or "client:REQ.local-communication-id". */
    void ReadSource(ScenarioTable& set,
                    const std::string& name,
                    const std::string& text,
                    FieldSpec& field)
    {
        const std::size_t dot = text.find('.');
        if (dot == std::string::npos)
        {
            set.Number64(name, field.number, 0);
            return;
        }
        const std::size_t colon = text.find(':');
        const bool sender = colon < dot;
        field.from = sender ? text.substr(0, colon) : std::string();
        const std::size_t begin = sender ? colon + 1 : 0;
        const std::string kind = text.substr(begin, dot - begin);
        field.message = MessageKind(kind);
        field.source = text.substr(dot + 1);
        const std::string found = fmt::format("{} = \"{}\"", name, text);
        if (sender && std::ranges::find(m_hosts, field.from) == m_hosts.end())
        {
            set.Fail(
                name, found, "the name of a [[host]] before ':'" + DidYouMean(field.from, m_hosts));
        }
        else if (!field.message)
        {
            set.Fail(name,
                     found,
                     JoinNames(kMessageNames) + " before '.'" + DidYouMean(kind, kMessageNames));
        }
        else
        {
            const std::vector<std::string> names = FieldNames(*field.message);
            const std::vector<std::string_view> views(names.begin(), names.end());
            if (std::ranges::find(names, field.source) == names.end())
            {
                set.Fail(name,
                         found,
                         fmt::format("a field of {}{}", kind, DidYouMean(field.source, views)));
            }
        }
    }

    ScenarioTable& m_table;
    std::span<const std::string_view> m_hosts;
    const bool m_inHandler;
    VerbRow m_row{};
    StepSpec m_step;
};

void ReadSteps(ScenarioTable& table,
               std::span<const std::string_view> hosts,
               bool inHandler,
               std::vector<StepSpec>& steps)
{
    table.Tables(
        "steps",
        [&](ScenarioTable& step) { steps.push_back(StepReader(step, hosts, inHandler).Read()); },
        inHandler ? Need::kOptional : Need::kRequired);
}

} // namespace

std::span<const std::string_view> VerbNames()
{
    return kVerbNames;
}

std::string_view EventName(EventType event)
{
    return kEvents.at(static_cast<std::size_t>(event));
}

TaskSpec ReadTask(ScenarioTable& table,
                  std::span<const std::string_view> hosts,
                  const std::vector<TaskSpec>& earlier)
{
    TaskSpec task;
    task.line = table.Line();
    task.name = fmt::format("task{}", earlier.size() + 1);
    table.Text("name", task.name);
    table.Reference("host", task.host, "host", hosts, Need::kRequired);
    table.Text("consumer", task.consumer);
    table.Time("at", task.atNs);
    table.Number("count", task.count, 1, kMostTasks);
    table.Number("repeat", task.repeat, 1, kMostTimes);
    ReadSteps(table, hosts, false, task.steps);
    if (task.name.empty() || task.name.find_first_of(" \t/#") != std::string::npos)
    {
        // It stands in decision logs, between blanks and after '/'.
        table.Fail(
            "name", fmt::format("name = \"{}\"", task.name), "a name without blanks, '/' or '#'");
    }
    return task;
}

ReactionSpec ReadReaction(ScenarioTable& table, std::span<const std::string_view> hosts)
{
    ReactionSpec reaction;
    reaction.line = table.Line();
    table.Reference("host", reaction.host, "host", hosts, Need::kRequired);
    table.Text("consumer", reaction.consumer);
    std::string event;
    table.Word("event", event, kEvents, Need::kRequired);
    const auto it = std::ranges::find(kEvents, event);
    if (it != kEvents.end())
    {
        reaction.event = static_cast<EventType>(it - kEvents.begin());
    }
    table.Text("id", reaction.id);
    table.Text("as", reaction.as);
    table.Number("nth", reaction.nth, 1, kMostTimes);
    table.Flag("maybe", reaction.maybe);
    ReadSteps(table, hosts, true, reaction.steps);
    std::string answer(kAnswers.front());
    table.Word("return", answer, kAnswers);
    const auto chosen = std::ranges::find(kAnswers, answer);
    if (chosen != kAnswers.end())
    {
        reaction.answer = static_cast<ibcm::Disposition>(chosen - kAnswers.begin());
    }
    const bool request =
        reaction.event == EventType::kReqReceived || reaction.event == EventType::kSidrReqReceived;
    if (table.Has("as") && !request && it != kEvents.end())
    {
        table.Fail("as",
                   fmt::format("'as' for the event {}", event),
                   "'as' for REQ and SIDR_REQ, whose ids are new");
    }
    return reaction;
}

} // namespace lab
