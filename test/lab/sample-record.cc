// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/sample-record.h"

namespace lab
{

namespace
{

constexpr std::int64_t kStartNs = 3'402'118;
constexpr std::int64_t kTimeoutNs = 268'435'456;
constexpr std::int64_t kTimewaitNs = 536'870'912;
constexpr std::uint32_t kPassiveQpn = 0x49;

} // namespace

SampleRecord::SampleRecord()
{
    record.scenarioFile = "examples/first-light.toml";
    record.scenarioName = "first light";
    record.seed = 1;
    record.switches = 8;
    record.channelAdapters = 144;
    record.links = 192;
    record.subnetUpNs = 2'402'118;
    record.smps = 4'321;
    record.mads = 8;
    record.simulatedNs = kStartNs + kTimewaitNs;
    record.wallSeconds = 0.25;
    record.digest = 0x00c0'ffee'0123'4567;
}

MadRecord& SampleRecord::Send(std::int64_t atNs,
                              const std::string& from,
                              const ibwire::CmMessage& message)
{
    MadRecord mad;
    mad.sentNs = atNs;
    mad.receivedNs = atNs + kFlightNs;
    mad.from = from;
    mad.to = from == "client" ? "server" : "client";
    mad.kind = ibwire::ToString(ibwire::AttributeOf(message));
    mad.bytes = ibwire::EncodeCm({}, message).value();
    record.messages.push_back(mad);
    return record.messages.back();
}

void SampleRecord::State(std::int64_t atNs,
                         const std::string& host,
                         const char* from,
                         const char* to,
                         const char* cause)
{
    const bool client = host == "client";
    record.states.push_back({atNs,
                             host,
                             client ? kActiveId : kPassiveId,
                             client ? kPassiveId : kActiveId,
                             from,
                             to,
                             cause});
}

void SampleRecord::Note(std::int64_t atNs,
                        const std::string& host,
                        const std::string& peer,
                        std::string text)
{
    record.notes.push_back({atNs, host, peer, std::move(text)});
}

ibwire::CmReq SampleRecord::Req()
{
    ibwire::CmReq req;
    req.localCommId = kActiveId;
    req.serviceId = 0x1000'0000'0000'1234;
    req.localQpn = 0x48;
    return req;
}

ibwire::CmRep SampleRecord::Rep()
{
    ibwire::CmRep rep;
    rep.localCommId = kPassiveId;
    rep.remoteCommId = kActiveId;
    rep.localQpn = kPassiveQpn;
    return rep;
}

void SampleRecord::Disconnect(std::int64_t atNs)
{
    auto dreq = Short<ibwire::CmDreq>("client");
    dreq.remoteQpn = kPassiveQpn;
    Send(atNs, "client", dreq);
    State(atNs, "client", "ESTABLISHED", "DREQ_SENT", "send DREQ");
    const std::int64_t doneNs = atNs + kFlightNs;
    State(doneNs, "server", "ESTABLISHED", "DREQ_RCVD", "DREQ");
    Send(doneNs, "server", Short<ibwire::CmDrep>("server"));
    State(doneNs, "server", "DREQ_RCVD", "TIMEWAIT", "send DREP");
    State(doneNs + kFlightNs, "client", "DREQ_SENT", "TIMEWAIT", "DREP");
    State(doneNs + kTimewaitNs, "server", "TIMEWAIT", "IDLE", "timewait exit");
    State(doneNs + kFlightNs + kTimewaitNs, "client", "TIMEWAIT", "IDLE", "timewait exit");
}

RunRecord SampleRecord::Connection()
{
    SampleRecord sample;
    std::int64_t t = kStartNs;
    sample.State(0, "server", "IDLE", "LISTEN", "listen");
    sample.Send(t, "client", Req());
    sample.State(t, "client", "IDLE", "REQ_SENT", "send REQ");
    t += kFlightNs;
    sample.State(t, "server", "IDLE", "REQ_RCVD", "REQ");
    sample.Send(t, "server", Rep());
    sample.State(t, "server", "REQ_RCVD", "REP_SENT", "send REP");
    t += kFlightNs;
    sample.State(t, "client", "REQ_SENT", "REP_RCVD", "REP");
    sample.Send(t, "client", Short<ibwire::CmRtu>("client"));
    sample.State(t, "client", "REP_RCVD", "ESTABLISHED", "send RTU");
    sample.Note(t, "client", "server", "RC SEND \"hello, fabric\"");
    t += kFlightNs;
    sample.State(t, "server", "REP_SENT", "ESTABLISHED", "RTU");
    t += 900;
    sample.Note(t, "server", "", "received \"hello, fabric\"");
    sample.Disconnect(t + 5'000);
    sample.record.connects.push_back({"hello",
                                      "client",
                                      "server",
                                      "disconnected",
                                      0,
                                      kStartNs,
                                      kStartNs + 2 * kFlightNs,
                                      sample.record.states.back().atNs});
    return sample.record;
}

RunRecord SampleRecord::LostRep()
{
    SampleRecord sample;
    std::int64_t t = kStartNs;
    sample.Send(t, "client", Req());
    sample.State(t, "client", "IDLE", "REQ_SENT", "send REQ");
    t += kFlightNs;
    sample.State(t, "server", "IDLE", "REQ_RCVD", "REQ");
    MadRecord& lost = sample.Send(t, "server", Rep());
    lost.fate = "drop";
    lost.receivedNs = -1;
    sample.State(t, "server", "REQ_RCVD", "REP_SENT", "send REP");
    t += kTimeoutNs;
    sample.Send(t, "server", Rep()).retransmission = true;
    t += kFlightNs;
    sample.State(t, "client", "REQ_SENT", "REP_RCVD", "REP");
    sample.Send(t, "client", Short<ibwire::CmRtu>("client"));
    sample.State(t, "client", "REP_RCVD", "ESTABLISHED", "send RTU");
    t += kFlightNs;
    sample.State(t, "server", "REP_SENT", "ESTABLISHED", "RTU");
    sample.Disconnect(t + 5'000);
    sample.record.decisions = 1;
    return sample.record;
}

} // namespace lab
