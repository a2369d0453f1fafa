// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture-replay.h"

#include "ib-wire/model/print.h"
#include "mad-compare.h"
#include "replay-consumer.h"
#include "replay-names.h"
#include "replay-wire.h"

#include <algorithm>
#include <string_view>

namespace ibcm::test
{

namespace
{

using What = ReplayStep::What;

constexpr std::uint8_t kPort = 1;
/** Of the core's ids: other ones than those of a capture that this core has made itself. */
constexpr std::uint64_t kSeed = 0x5eed;

/** How far a repetition may be from where the host's was, by the time since the copy before. */
Duration Tolerance(Duration wait)
{
    return std::chrono::milliseconds(250) + wait / 10;
}

DeviceInfo DeviceOf(const ReplayPlan& plan)
{
    // A host that neither asked nor accepted does not tell its GUID, nor does it send it.
    constexpr std::uint64_t kUntold = 0x0002c90300c0ffee;
    DeviceInfo device;
    device.caGuid = plan.host.caGuid != 0 ? plan.host.caGuid : kUntold;
    device.caAckDelay = plan.timing.caAckDelay;
    return device;
}

Options OptionsOf(const ReplayPlan& plan)
{
    Options options;
    options.behaviour = plan.behaviour;
    return options;
}

std::string Number(std::uint32_t value)
{
    return ibwire::detail::FormatNumber(value, 32, ibwire::Show::kHex);
}

/** One replay, from the first step to the last. */
class Replayer
{
  public:
    explicit Replayer(const ReplayPlan& plan)
        : m_plan(plan),
          m_runtime(kSeed),
          m_wire(m_runtime, plan),
          m_port(m_runtime, m_wire, kPort),
          m_cm(m_runtime, DeviceOf(plan), OptionsOf(plan)),
          m_consumer(m_cm, plan)
    {
        if (!m_cm.AddPort(kPort, m_port))
        {
            m_report.problems.emplace_back("the core does not take the port");
        }
    }

    ReplayReport Run();

  private:
    void AdvanceTo(Instant time);
    void Feed(std::size_t index);
    void Expect(std::size_t index);
    /** The earliest thing sent and not matched yet that may be the captured one; null: none. */
    Emission* Candidate(const ReplayStep& step);
    /** Lets the core run ahead of the capture until its timer sends what the host sent then. */
    Emission* AwaitRepetition(const ReplayStep& step);
    void Compare(const ReplayStep& step, Emission& emission);
    void CompareAddress(const ReplayStep& step, const MadAddress& address);
    template <class T>
    void CompareValue(const ReplayStep& step, std::string_view what, const T& want, const T& have);
    /** Whether the answer to a repetition of the core's came so soon that the host made none. */
    bool IsForgiven(const Emission& emission) const;
    void ReportLeftovers();
    void CleanUp();
    void Problem(const ReplayStep& step, const std::string& what);

    const ReplayPlan& m_plan;
    ReplayReport m_report;
    ReplayNames m_names;
    StepRuntime m_runtime;
    ReplayWire m_wire;
    ReliablePort m_port;
    ConnectionManager m_cm;
    ReplayConsumer m_consumer;
};

ReplayReport Replayer::Run()
{
    for (std::size_t i = 0; i < m_plan.steps.size(); ++i)
    {
        const ReplayStep& step = m_plan.steps[i];
        switch (step.what)
        {
        case What::kExpect:
        case What::kExpectAgain:
            Expect(i);
            break;
        case What::kFeed:
            Feed(i);
            break;
        case What::kLost:
            ++m_report.lost;
            break;
        case What::kUnknown:
            ++m_report.unknown;
            break;
        }
    }
    ReportLeftovers();
    CleanUp();
    return m_report;
}

void Replayer::AdvanceTo(Instant time)
{
    if (time > m_runtime.Now())
    {
        m_runtime.Advance(time - m_runtime.Now());
    }
}

void Replayer::Feed(std::size_t index)
{
    const ReplayStep& step = m_plan.steps[index];
    AdvanceTo(step.mad.time);
    m_consumer.BeforeFeed(index);
    ReceivedMad mad;
    mad.bytes = m_names.Incoming(step);
    mad.pkey = step.mad.pkey;
    mad.destinationPathBits =
        static_cast<std::uint8_t>((step.mad.destination.lid ^ m_plan.lid) & 0x7f);
    MadAddress& reply = mad.replyAddress;
    reply.dlid = step.mad.source.lid;
    reply.sl = step.mad.sl;
    reply.sourcePathBits = mad.destinationPathBits;
    reply.pkeyIndex = m_wire.FindPkey(step.mad.pkey).value_or(0);
    reply.qpn = step.mad.sourceQpn;
    reply.hasGrh = step.mad.global;
    if (reply.hasGrh)
    {
        reply.dgid = step.mad.source.gid;
        reply.sgidIndex = m_wire.FindGid(step.mad.destination.gid).value_or(0);
        reply.flowLabel = step.mad.flowLabel;
        reply.hopLimit = step.mad.hopLimit;
        reply.trafficClass = step.mad.trafficClass;
    }
    m_port.Received(mad);
    m_runtime.RunReady();
    ++m_report.fed;
}

void Replayer::Expect(std::size_t index)
{
    const ReplayStep& step = m_plan.steps[index];
    AdvanceTo(step.mad.time);
    Emission* emission = Candidate(step);
    std::string refusal;
    if (emission == nullptr && step.what == What::kExpect)
    {
        refusal = m_consumer.Act(index);
        m_runtime.RunReady();
        emission = Candidate(step);
    }
    if (emission == nullptr && step.what == What::kExpectAgain)
    {
        emission = AwaitRepetition(step);
    }
    if (emission == nullptr)
    {
        Problem(step, "the core does not send it" + (refusal.empty() ? "" : ": " + refusal));
        return;
    }
    Compare(step, *emission);
    if (step.what == What::kExpectAgain)
    {
        m_consumer.AfterRepetition(index);
        m_runtime.RunReady();
    }
}

Emission* Replayer::Candidate(const ReplayStep& step)
{
    for (Emission& emission : m_wire.sent)
    {
        if (emission.matched)
        {
            continue;
        }
        const auto header = ibwire::DecodeHeader(emission.bytes);
        const auto captured = ibwire::DecodeHeader(step.mad.bytes);
        if (header.attributeId != captured.attributeId)
        {
            continue;
        }
        const auto message = ibwire::DecodeCm(emission.bytes);
        if (!message || !step.message)
        {
            return &emission; // neither carries ids to go by
        }
        // A first REQ is no repetition of another; an RTU or DREP may be one of an earlier RTU,
        // DREP.
        const bool again = step.what == What::kExpectAgain;
        if ((again == emission.again || !IsReliable(ibwire::AttributeOf(*message))) &&
            m_names.MayStandFor(LocalIdOf(*step.message), LocalIdOf(*message)) &&
            RemoteIdOf(*step.message) == RemoteIdOf(*message))
        {
            return &emission;
        }
    }
    return nullptr;
}

Emission* Replayer::AwaitRepetition(const ReplayStep& step)
{
    const Duration since = step.mad.time - m_plan.steps[step.first].mad.time;
    const Instant limit = step.mad.time + Tolerance(since);
    while (m_runtime.ArmedTimers() != 0 && m_runtime.NextTimer() <= limit)
    {
        AdvanceTo(m_runtime.NextTimer());
        m_runtime.RunReady();
        if (Emission* emission = Candidate(step))
        {
            return emission;
        }
    }
    return nullptr;
}

void Replayer::Compare(const ReplayStep& step, Emission& emission)
{
    emission.matched = true;
    ++m_report.compared;
    if (step.what == What::kExpect)
    {
        if (const std::string wrong = m_names.Learn(step, emission.bytes); !wrong.empty())
        {
            Problem(step, wrong);
        }
    }
    else if (const Duration since = step.mad.time - m_plan.steps[step.first].mad.time;
             std::chrono::abs(emission.when - step.mad.time) > Tolerance(since))
    {
        Problem(step,
                "the core repeats it at " + std::to_string(emission.when.count()) +
                    " ns, the host at " + std::to_string(step.mad.time.count()) + " ns");
    }
    for (const FieldDifference& difference : CompareMads(m_names.Expected(step), emission.bytes))
    {
        Problem(step, ToString(difference));
    }
    CompareAddress(step, emission.address);
}

void Replayer::CompareAddress(const ReplayStep& step, const MadAddress& address)
{
    const CapturedMad& want = step.mad;
    CompareValue(step, "with a GRH", want.global, address.hasGrh);
    if (want.global && address.hasGrh)
    {
        CompareValue(step, "to GID", want.destination.gid, address.dgid);
        CompareValue(step, "from GID", want.source.gid, m_wire.GidAt(address.sgidIndex));
    }
    CompareValue(step, "to LID", std::uint32_t{want.destination.lid}, std::uint32_t{address.dlid});
    if (want.source.lid != 0)
    {
        const std::uint32_t from = m_plan.lid + std::uint32_t{address.sourcePathBits};
        CompareValue(step, "from LID", std::uint32_t{want.source.lid}, from);
        CompareValue(step, "SL", std::uint32_t{want.sl}, std::uint32_t{address.sl});
    }
    CompareValue(step, "to QPN", want.destinationQpn, address.qpn);
    CompareValue(step, "Q_Key", want.qkey, address.qkey);
    const std::uint32_t pkey =
        address.pkeyIndex < m_plan.pkeys.size() ? m_plan.pkeys[address.pkeyIndex] : 0U;
    CompareValue(step, "P_Key", std::uint32_t{want.pkey}, pkey);
}

template <class T>
void Replayer::CompareValue(const ReplayStep& step,
                            std::string_view what,
                            const T& want,
                            const T& have)
{
    if (want == have)
    {
        return;
    }
    const auto print = [](const T& value) -> std::string
    {
        if constexpr (std::is_same_v<T, ibwire::Gid>)
        {
            return ibwire::ToString(value);
        }
        else
        {
            return Number(value);
        }
    };
    Problem(step, std::string(what) + ": expected " + print(want) + ", is " + print(have));
}

bool Replayer::IsForgiven(const Emission& emission) const
{
    if (!emission.again)
    {
        return false;
    }
    const auto first =
        std::find_if(m_wire.sent.begin(),
                     m_wire.sent.end(),
                     [&](const Emission& other) { return other.bytes == emission.bytes; });
    const auto message = ibwire::DecodeCm(emission.bytes);
    const Instant limit = emission.when + Tolerance(emission.when - first->when);
    if (m_plan.steps.back().mad.time <= limit)
    {
        return true; // the capture ends before the host's own could be late
    }
    return message &&
           std::any_of(m_plan.steps.begin(),
                       m_plan.steps.end(),
                       [&](const ReplayStep& step)
                       {
                           return step.what == What::kFeed && step.message &&
                                  step.mad.time >= emission.when && step.mad.time <= limit &&
                                  m_names.OurId(RemoteIdOf(*step.message)) == LocalIdOf(*message);
                       });
}

void Replayer::ReportLeftovers()
{
    for (const Emission& emission : m_wire.sent)
    {
        if (emission.matched)
        {
            continue;
        }
        if (IsForgiven(emission))
        {
            ++m_report.forgiven;
            continue;
        }
        m_report.problems.push_back("the core sends a " + ibwire::MadKindName(emission.bytes) +
                                    " at " + std::to_string(emission.when.count()) +
                                    " ns that the host did not send");
    }
}

void Replayer::CleanUp()
{
    m_consumer.DestroyAll();
    m_runtime.RunUntilIdle();
    if (m_cm.LiveIds() != 0 || m_cm.PeerRecords() != 0 || m_port.Outstanding() != 0)
    {
        m_report.problems.emplace_back("the core leaks ids, peers or sends");
    }
}

void Replayer::Problem(const ReplayStep& step, const std::string& what)
{
    m_report.problems.push_back("frame " + std::to_string(step.mad.frame) + " (" +
                                ibwire::MadKindName(step.mad.bytes) + "): " + what);
}

} // namespace

std::string Summary(const ReplayReport& report)
{
    std::string text = std::to_string(report.compared) + " MADs compared, " +
                       std::to_string(report.fed) + " fed in";
    const auto add = [&text](std::size_t count, const char* what)
    {
        if (count != 0)
        {
            text += ", " + std::to_string(count) + " " + what;
        }
    };
    add(report.lost, "lost on the way in");
    add(report.unknown, "of connections older than the capture");
    add(report.forgiven, "repeated a moment before the answer");
    return text;
}

std::string ToString(const ReplayReport& report)
{
    std::string text = Summary(report);
    for (const std::string& problem : report.problems)
    {
        text += "\n  " + problem;
    }
    return text;
}

ReplayReport Replay(const ReplayPlan& plan)
{
    if (plan.steps.empty())
    {
        return {};
    }
    return Replayer(plan).Run();
}

} // namespace ibcm::test
