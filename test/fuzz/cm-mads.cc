// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fuzz/cm-mads.h"

namespace weft::fuzz
{

namespace
{

/** What a message is about: ids that exist, unless the input wants others. */
struct Subject
{
    std::uint32_t theirId{0}; ///< of the seeming sender
    std::uint32_t ourId{0};   ///< of the host that gets it
    std::uint64_t transactionId{0};
    std::uint64_t senderGuid{0};
    std::uint32_t qpn{0};
};

/** A number that exists, or seldom one that does not. */
template <class T>
T Mostly(Draws& input, T known)
{
    return input.OneIn(8) ? static_cast<T>(input.Number(sizeof(T))) : known;
}

Subject SubjectFor(World& world, Draws& input, std::size_t host)
{
    Subject subject;
    // A few that come again, so that one message meets the other's traces.
    subject.theirId = 0x1000 + input.Below(4);
    subject.transactionId = 0x7700 + input.Below(2);
    if (const IdRecord* record = world.oracle.Choose(host, input.Byte()))
    {
        subject.theirId = record->remoteCommId != 0 ? record->remoteCommId : subject.theirId;
        subject.ourId = record->localCommId;
        subject.transactionId = record->transactionId;
    }
    subject.theirId = Mostly(input, subject.theirId);
    subject.ourId = Mostly(input, subject.ourId);
    subject.transactionId = Mostly(input, subject.transactionId);
    subject.senderGuid = Mostly(input, world.hosts[1 - host].guid);
    subject.qpn = 1 + input.Below(4);
    return subject;
}

template <class Message>
void FillAlternate(Message& message, const ibcm::Path& path)
{
    message.alternateLocalLid = path.slid;
    message.alternateRemoteLid = path.dlid;
    message.alternateLocalGid = path.sgid;
    message.alternateRemoteGid = path.dgid;
    message.alternatePacketRate = static_cast<ibwire::Rate>(path.rate);
    message.alternateSubnetLocal = true;
    message.alternateLocalAckTimeout = 15;
}

ibwire::CmReq ReqFrom(const World& world, Draws& input, const Subject& subject, std::size_t sender)
{
    const ibcm::Path path = world.PathFrom(sender, 0);
    ibwire::CmReq req;
    req.localCommId = subject.theirId;
    req.serviceId = kService + input.Below(4);
    req.localCaGuid = subject.senderGuid;
    req.localQpn = subject.qpn;
    req.responderResources = 4;
    req.initiatorDepth = 4;
    req.remoteCmResponseTimeout = 18;
    req.localCmResponseTimeout = 18;
    req.retryCount = 7;
    req.rnrRetryCount = 7;
    req.maxCmRetries = 3;
    req.pkey = 0xffff;
    req.pathMtu = ibwire::Mtu::k2048;
    req.transportServiceType = static_cast<ibwire::TransportService>(input.Below(4));
    req.extendedTransportType = ibwire::ExtendedTransport::kXrc;
    req.primaryLocalLid = path.slid;
    req.primaryRemoteLid = path.dlid;
    req.primaryLocalGid = path.sgid;
    req.primaryRemoteGid = path.dgid;
    req.primaryPacketRate = static_cast<ibwire::Rate>(path.rate);
    req.primarySubnetLocal = true;
    req.primaryLocalAckTimeout = 15;
    if (input.OneIn(4))
    {
        FillAlternate(req, world.PathFrom(sender, 1));
    }
    return req;
}

ibwire::CmRep RepFrom(Draws& input, const Subject& subject)
{
    ibwire::CmRep rep;
    rep.localCommId = subject.theirId;
    rep.remoteCommId = subject.ourId;
    rep.localQpn = subject.qpn;
    rep.localEecn = subject.qpn;
    rep.responderResources = 4;
    rep.initiatorDepth = 4;
    rep.targetAckDelay = static_cast<std::uint8_t>(input.Below(32));
    rep.failoverAccepted = static_cast<ibwire::Failover>(input.Below(4));
    rep.rnrRetryCount = 7;
    rep.localCaGuid = subject.senderGuid;
    return rep;
}

ibwire::CmRej RejFrom(const World& world, Draws& input, const Subject& subject, std::size_t host)
{
    // The reasons that the core treats in a way of their own come up more often than others.
    constexpr std::uint16_t kReasons[] = {4, 10, 24, 8, 28};
    const unsigned choice = input.Below(8);
    ibwire::CmRej rej;
    rej.localCommId = subject.theirId;
    rej.remoteCommId = subject.ourId;
    rej.messageRejected = static_cast<ibwire::MessageRejected>(input.Below(4));
    rej.reason = static_cast<ibwire::RejReason>(choice < std::size(kReasons) ? kReasons[choice]
                                                                             : input.Number(2));
    rej.rejectInfoLength = static_cast<std::uint8_t>(input.Below(128));
    if (rej.reason == ibwire::RejReason::kTimeout)
    {
        for (unsigned i = 0; i < 8; ++i)
        {
            rej.ari[i] = static_cast<std::uint8_t>(subject.senderGuid >> (56 - 8 * i));
        }
        rej.remoteCommId = input.OneIn(2) ? 0 : rej.remoteCommId; // then its GUID says who it is
        return rej;
    }
    ibwire::ClassPortInfo target;
    target.redirectLid = world.hosts[1 - host].sides[input.Below(kPorts)].lid;
    target.redirectPkey = Mostly<std::uint16_t>(input, 0xffff);
    target.redirectQpn = 1;
    (void)ibwire::Encode(target, std::span(rej.ari));
    return rej;
}

ibwire::CmSidrRep SidrRepFrom(const World& world,
                              Draws& input,
                              const Subject& subject,
                              std::size_t host)
{
    ibwire::CmSidrRep rep;
    rep.requestId = subject.ourId;
    rep.status = static_cast<ibwire::SidrStatus>(input.Below(8));
    rep.additionalInfoLength = input.Byte();
    rep.qpn = subject.qpn;
    rep.serviceId = kService;
    ibwire::ClassPortInfo target;
    target.redirectLid = world.hosts[1 - host].sides[input.Below(kPorts)].lid;
    target.redirectPkey = 0xffff;
    target.redirectQpn = 1;
    (void)ibwire::Encode(target, std::span(rep.additionalInfo));
    return rep;
}

ibwire::CmLap LapFrom(const World& world, Draws& input, const Subject& subject, std::size_t sender)
{
    ibwire::CmLap lap;
    lap.localCommId = subject.theirId;
    lap.remoteCommId = subject.ourId;
    lap.remoteQpn = subject.qpn;
    lap.remoteCmResponseTimeout = static_cast<std::uint8_t>(input.Below(32));
    FillAlternate(lap, world.PathFrom(sender, 1));
    return lap;
}

ibwire::CmMra MraFrom(Draws& input, const Subject& subject)
{
    ibwire::CmMra mra;
    mra.localCommId = subject.theirId;
    mra.remoteCommId = subject.ourId;
    mra.messageMraed = static_cast<ibwire::MessageMraed>(input.Below(4));
    mra.serviceTimeout = static_cast<std::uint8_t>(input.Below(32));
    return mra;
}

ibwire::CmApr AprFrom(Draws& input, const Subject& subject)
{
    ibwire::CmApr apr;
    apr.localCommId = subject.theirId;
    apr.remoteCommId = subject.ourId;
    apr.status = static_cast<ibwire::AprStatus>(input.Below(16));
    apr.additionalInfoLength = input.Byte();
    return apr;
}

ibwire::CmSidrReq SidrReqFrom(Draws& input, const Subject& subject)
{
    ibwire::CmSidrReq req;
    req.requestId = subject.theirId;
    req.pkey = 0xffff;
    req.serviceId = kService + input.Below(4);
    return req;
}

template <class Message>
Message PlainFrom(const Subject& subject)
{
    Message message;
    message.localCommId = subject.theirId;
    message.remoteCommId = subject.ourId;
    if constexpr (std::is_same_v<Message, ibwire::CmDreq>)
    {
        message.remoteQpn = subject.qpn;
    }
    return message;
}

ibwire::CmMessage MessageFor(World& world, Draws& input, const Subject& subject, std::size_t host)
{
    const std::size_t sender = 1 - host;
    switch (input.Below(11))
    {
    case 0:
        return ReqFrom(world, input, subject, sender);
    case 1:
        return MraFrom(input, subject);
    case 2:
        return RejFrom(world, input, subject, host);
    case 3:
        return RepFrom(input, subject);
    case 4:
        return PlainFrom<ibwire::CmRtu>(subject);
    case 5:
        return PlainFrom<ibwire::CmDreq>(subject);
    case 6:
        return PlainFrom<ibwire::CmDrep>(subject);
    case 7:
        return SidrReqFrom(input, subject);
    case 8:
        return SidrRepFrom(world, input, subject, host);
    case 9:
        return LapFrom(world, input, subject, sender);
    default:
        return AprFrom(input, subject);
    }
}

} // namespace

ibwire::MadBytes StructuredMad(World& world, Draws& input, std::size_t host)
{
    const Subject subject = SubjectFor(world, input, host);
    const ibwire::CmMessage message = MessageFor(world, input, subject, host);
    ibwire::MadHeader header;
    header.transactionId = subject.transactionId;
    auto bytes = ibwire::EncodeCm(header, message);
    if (!bytes)
    {
        Die("a message of the fuzzer's own does not encode");
    }
    if (input.OneIn(4))
    {
        Damage(*bytes, input);
    }
    return *bytes;
}

ibwire::MadBytes RawMad(Draws& input)
{
    ibwire::MadBytes bytes{};
    const auto given = input.Take(1 + std::size_t{input.Byte()});
    std::copy(given.begin(), given.end(), bytes.begin());
    return bytes;
}

void Damage(ibwire::MadBytes& bytes, Draws& input)
{
    for (unsigned left = 1 + input.Below(4); left > 0; --left)
    {
        const std::uint8_t place = input.Byte();
        bytes[place] ^= input.Byte();
    }
}

void SpoilHeader(ibwire::MadBytes& bytes, Draws& input)
{
    constexpr std::uint8_t kMethods[] = {0x01, 0x02, 0x81, 0x03};
    ibwire::MadHeader header = ibwire::DecodeHeader(bytes);
    switch (input.Below(6))
    {
    case 0:
        header.method = static_cast<ibwire::MadMethod>(kMethods[input.Below(4)]);
        header.attributeId = static_cast<std::uint16_t>(ibwire::CmAttribute::kClassPortInfo);
        break;
    case 1:
        header.method = static_cast<ibwire::MadMethod>(kMethods[input.Below(4)]);
        break;
    case 2:
        header.attributeId = static_cast<std::uint16_t>(input.Number(2));
        break;
    case 3:
        header.classVersion = input.Byte();
        break;
    case 4:
        header.baseVersion = input.Byte();
        break;
    default:
        header.mgmtClass = static_cast<ibwire::MgmtClass>(input.Byte());
        break;
    }
    ibwire::EncodeHeader(header, bytes);
}

} // namespace weft::fuzz
