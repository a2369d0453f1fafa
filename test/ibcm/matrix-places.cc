// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "matrix-cells.h"
#include "matrix-table.h"

namespace ibcm::test::matrix
{

namespace
{

using S = State;
using L = LapState;
using I = Input;

constexpr Side kActive = Side::kActive;
constexpr Side kPassive = Side::kPassive;
constexpr Past kUsual = Past::kUsual;

// clang-format off
constexpr Place kPlaces[] = {
    {S::kIdle,        L::kUninit,     kActive,  kUsual,           false},
    {S::kIdle,        L::kUninit,     kActive,  Past::kConnected, false},
    {S::kIdle,        L::kUninit,     kPassive, Past::kConnected, false},
    {S::kListen,      L::kUninit,     kActive,  kUsual,           false},
    {S::kReqSent,     L::kUninit,     kActive,  kUsual,           false},
    {S::kReqRcvd,     L::kUninit,     kPassive, kUsual,           false},
    {S::kMraReqSent,  L::kUninit,     kPassive, kUsual,           false},
    {S::kMraReqRcvd,  L::kUninit,     kActive,  kUsual,           false},
    {S::kRepSent,     L::kUninit,     kPassive, kUsual,           false},
    {S::kRepRcvd,     L::kUninit,     kActive,  kUsual,           false},
    {S::kMraRepSent,  L::kUninit,     kActive,  kUsual,           false},
    {S::kMraRepRcvd,  L::kUninit,     kPassive, kUsual,           false},
    {S::kEstablished, L::kUninit,     kActive,  kUsual,           false},
    {S::kEstablished, L::kUninit,     kPassive, kUsual,           false},
    {S::kEstablished, L::kIdle,       kActive,  kUsual,           false},
    {S::kEstablished, L::kIdle,       kPassive, kUsual,           false},
    {S::kEstablished, L::kLapSent,    kActive,  kUsual,           false},
    {S::kEstablished, L::kLapSent,    kPassive, kUsual,           true},
    {S::kEstablished, L::kLapRcvd,    kActive,  kUsual,           true},
    {S::kEstablished, L::kLapRcvd,    kPassive, kUsual,           false},
    {S::kEstablished, L::kMraLapSent, kActive,  kUsual,           true},
    {S::kEstablished, L::kMraLapSent, kPassive, kUsual,           false},
    {S::kEstablished, L::kMraLapRcvd, kActive,  kUsual,           false},
    {S::kEstablished, L::kMraLapRcvd, kPassive, kUsual,           true},
    {S::kDreqSent,    L::kUninit,     kActive,  kUsual,           false},
    {S::kDreqSent,    L::kUninit,     kPassive, kUsual,           false},
    {S::kDreqRcvd,    L::kUninit,     kActive,  kUsual,           false},
    {S::kDreqRcvd,    L::kUninit,     kPassive, kUsual,           false},
    {S::kDreqRcvd,    L::kUninit,     kActive,  Past::kCrossed,   false},
    {S::kDreqRcvd,    L::kUninit,     kPassive, Past::kCrossed,   false},
    {S::kTimewait,    L::kUninit,     kActive,  kUsual,           false},
    {S::kTimewait,    L::kUninit,     kPassive, kUsual,           false},
    {S::kSidrReqSent, L::kUninit,     kActive,  kUsual,           false},
    {S::kSidrReqRcvd, L::kUninit,     kPassive, kUsual,           false},
};

constexpr StimulusKind kMessage = StimulusKind::kMessage;
constexpr StimulusKind kCall = StimulusKind::kCall;
constexpr StimulusKind kTimer = StimulusKind::kTimer;

constexpr StimulusFacts kFacts[] = {
    {"REQ again",                    kMessage, 0x10, I::kReqDuplicate},
    {"REQ with another TID",         kMessage, 0x10, std::nullopt},
    {"REQ with another QPN",         kMessage, 0x10, std::nullopt},
    {"REQ with a stale QPN",         kMessage, 0x10, std::nullopt},
    {"new REQ",                      kMessage, 0x10, std::nullopt},
    {"REQ without listener",         kMessage, 0x10, std::nullopt},
    {"MRA of REQ",                   kMessage, 0x11, I::kMraReq},
    {"MRA of REP",                   kMessage, 0x11, I::kMraRep},
    {"MRA of LAP",                   kMessage, 0x11, I::kMraLap},
    {"MRA of reserved",              kMessage, 0x11, std::nullopt},
    {"MRA of another peer",          kMessage, 0x11, std::nullopt},
    {"MRA for an unknown id",        kMessage, 0x11, std::nullopt},
    {"REJ",                          kMessage, 0x12, I::kRej},
    {"REJ 10",                       kMessage, 0x12, I::kRejStale},
    {"REJ 24",                       kMessage, 0x12, I::kRedirected},
    {"REJ 4 by GUID",                kMessage, 0x12, std::nullopt},
    {"REJ of another peer",          kMessage, 0x12, std::nullopt},
    {"REJ for an unknown id",        kMessage, 0x12, std::nullopt},
    {"REP",                          kMessage, 0x13, I::kRep},
    {"REP with another TID",         kMessage, 0x13, I::kRep},
    {"REP without QPN",              kMessage, 0x13, I::kRep},
    {"REP of another peer",          kMessage, 0x13, std::nullopt},
    {"REP for an unknown id",        kMessage, 0x13, std::nullopt},
    {"RTU",                          kMessage, 0x14, I::kRtu},
    {"RTU of another peer",          kMessage, 0x14, std::nullopt},
    {"RTU for an unknown id",        kMessage, 0x14, std::nullopt},
    {"DREQ",                         kMessage, 0x15, I::kDreq},
    {"DREQ with another QPN",        kMessage, 0x15, std::nullopt},
    {"DREQ of another peer",         kMessage, 0x15, std::nullopt},
    {"DREQ for an unknown id",       kMessage, 0x15, std::nullopt},
    {"DREP",                         kMessage, 0x16, I::kDrep},
    {"DREP with another TID",        kMessage, 0x16, I::kDrep},
    {"DREP of another peer",         kMessage, 0x16, std::nullopt},
    {"DREP for an unknown id",       kMessage, 0x16, std::nullopt},
    {"new SIDR_REQ",                 kMessage, 0x17, std::nullopt},
    {"SIDR_REQ again",               kMessage, 0x17, std::nullopt},
    {"SIDR_REQ without listener",    kMessage, 0x17, std::nullopt},
    {"SIDR_REP",                     kMessage, 0x18, I::kSidrRep},
    {"SIDR_REP that redirects",      kMessage, 0x18, I::kRedirected},
    {"SIDR_REP with another TID",    kMessage, 0x18, I::kSidrRep},
    {"SIDR_REP for an unknown id",   kMessage, 0x18, std::nullopt},
    {"LAP",                          kMessage, 0x19, I::kLap},
    {"LAP again",                    kMessage, 0x19, I::kLap},
    {"LAP with another QPN",         kMessage, 0x19, I::kLap},
    {"LAP for the path in use",      kMessage, 0x19, I::kLap},
    {"LAP of another peer",          kMessage, 0x19, std::nullopt},
    {"LAP for an unknown id",        kMessage, 0x19, std::nullopt},
    {"APR",                          kMessage, 0x1a, I::kApr},
    {"APR with another TID",         kMessage, 0x1a, I::kApr},
    {"APR of another peer",          kMessage, 0x1a, std::nullopt},
    {"APR for an unknown id",        kMessage, 0x1a, std::nullopt},
    {"SAP",                          kMessage, 0x1b, std::nullopt},
    {"SPR",                          kMessage, 0x1c, std::nullopt},
    {"listen",                       kCall,    0,    I::kCallListen},
    {"send REQ",                     kCall,    0,    I::kCallSendReq},
    {"send REP",                     kCall,    0,    I::kCallSendRep},
    {"send RTU",                     kCall,    0,    I::kCallSendRtu},
    {"send MRA",                     kCall,    0,    I::kCallSendMra},
    {"send MRA for duplicates only", kCall,    0,    I::kCallSendMra},
    {"send REJ",                     kCall,    0,    I::kCallSendRej},
    {"send DREQ",                    kCall,    0,    I::kCallSendDreq},
    {"send DREP",                    kCall,    0,    I::kCallSendDrep},
    {"send LAP",                     kCall,    0,    I::kCallSendLap},
    {"send APR",                     kCall,    0,    I::kCallSendApr},
    {"send SIDR_REQ",                kCall,    0,    I::kCallSendSidrReq},
    {"send SIDR_REP",                kCall,    0,    I::kCallSendSidrRep},
    {"notify established",           kCall,    0,    I::kCallNotifyEstablished},
    {"notify migrated",              kCall,    0,    I::kCallNotifyMigrated},
    {"destroy",                      kCall,    0,    I::kCallDestroy},
    {"QP attributes for INIT",       kCall,    0,    std::nullopt},
    {"QP attributes for RTR",        kCall,    0,    std::nullopt},
    {"QP attributes for RTS",        kCall,    0,    std::nullopt},
    {"REQ timeout",                  kTimer,   0,    I::kReqTimeout},
    {"REP timeout",                  kTimer,   0,    I::kRepTimeout},
    {"DREQ timeout",                 kTimer,   0,    I::kDreqTimeout},
    {"LAP timeout",                  kTimer,   0,    I::kLapTimeout},
    {"SIDR_REQ timeout",             kTimer,   0,    I::kSidrReqTimeout},
    {"TIMEWAIT is over",             kTimer,   0,    I::kTimewaitExit},
};
// clang-format on
static_assert(std::size(kFacts) == kStimulusCount);

} // namespace

std::span<const Place> Places()
{
    return kPlaces;
}

const StimulusFacts& FactsOf(Stimulus stimulus)
{
    return kFacts[static_cast<std::size_t>(stimulus)];
}

std::string Place::Name() const
{
    std::string name = ToString(state);
    if (state == State::kEstablished)
    {
        name += std::string(" ") + ToString(lap);
    }
    name += side == Side::kActive ? ", active" : ", passive";
    name += past == Past::kConnected ? ", after a connection" : "";
    name += past == Past::kCrossed ? ", crossed" : "";
    return name;
}

bool Place::KnowsPeer() const
{
    constexpr StateSet kWithout =
        In(S::kIdle, S::kListen, S::kReqSent, S::kMraReqRcvd, S::kSidrReqSent, S::kSidrReqRcvd);
    return !Contains(kWithout, state) || past == Past::kConnected;
}

bool Place::KeepsPeer(Behaviour behaviour) const
{
    // Linux forgets at the beginning of TIMEWAIT, the specification at its end.
    return KnowsPeer() && state != State::kIdle &&
           (state != State::kTimewait || behaviour == Behaviour::kStrict);
}

bool Place::Waits() const
{
    constexpr StateSet kWaiting =
        In(S::kReqSent, S::kMraReqRcvd, S::kRepSent, S::kMraRepRcvd, S::kDreqSent, S::kSidrReqSent);
    return Contains(kWaiting, state) ||
           (state == State::kEstablished && Contains(In(L::kLapSent, L::kMraLapRcvd), lap));
}

} // namespace ibcm::test::matrix
