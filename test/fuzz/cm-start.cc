// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fuzz/cm-start.h"

namespace weft::fuzz
{

namespace
{

using ibcm::Handle;
using ibcm::State;

/** How far a pair gets; each place has what came before it. */
enum class Place : std::uint8_t
{
    kIdle,
    kReqOut, ///< under way
    kReqArrived,
    kMraOfReq,
    kRepOut,
    kRepArrived,
    kMraOfRep,
    kRtuOut,
    kEstablished,
    kLapArrived,
    kMraOfLap,
    kAprArrived,
    kDreqOut,
    kDreqArrived,
    kTimewait,
    kSidr,
};

inline constexpr unsigned kPlaces = 16;

/** Walks one pair to its place. */
class Walk
{
  public:
    Walk(World& world, std::size_t active, std::uint32_t qpn)
        : m_world(world),
          m_active(active),
          m_qpn(qpn)
    {
    }

    /** As far as @p place, or as far as limits let it. */
    void To(Place place)
    {
        IdRecord* made = m_world.Create(m_active);
        if (made == nullptr || place == Place::kIdle)
        {
            return;
        }
        m_a = made->id;
        if (place == Place::kSidr)
        {
            ibcm::SidrReqParameters req;
            req.serviceId = kService;
            req.path = m_world.PathFrom(m_active, 0);
            (void)ActiveCm().SendSidrReq(m_a, req);
            m_world.Settle();
            return;
        }
        for (unsigned step = 1; step <= static_cast<unsigned>(place); ++step)
        {
            if (!Step(static_cast<Place>(step)))
            {
                return;
            }
        }
    }

  private:
    ibcm::ConnectionManager& ActiveCm()
    {
        return *m_world.hosts[m_active].cm;
    }

    ibcm::ConnectionManager& PassiveCm()
    {
        return *m_world.hosts[1 - m_active].cm;
    }

    /** The latest id of the passive side, if the REQ has made one. */
    bool FindAccepted()
    {
        m_world.Settle();
        for (const IdRecord& record : m_world.oracle.Records())
        {
            if (record.host != m_active && record.state == State::kReqRcvd)
            {
                m_b = record.id;
            }
        }
        return m_b != Handle::kNone;
    }

    bool SendRep()
    {
        ibcm::RepParameters rep;
        rep.localQpn = m_qpn;
        rep.startingPsn = 0x222222;
        rep.responderResources = 4;
        rep.initiatorDepth = 2;
        return PassiveCm().SendRep(m_b, rep).has_value();
    }

    bool SendLap()
    {
        m_world.Settle();
        ibcm::LapParameters lap;
        lap.alternatePath = m_world.PathFrom(m_active, 1);
        const bool sent = ActiveCm().SendLap(m_a, lap).has_value();
        m_world.Settle();
        return sent;
    }

    bool SendDreq()
    {
        const bool sent = ActiveCm().SendDreq(m_a).has_value();
        if (!sent)
        {
            m_world.oracle.Find(m_active, m_a)->DreqRefused();
        }
        return sent;
    }

    bool Arrive()
    {
        m_world.Settle();
        return true;
    }

    bool Step(Place place)
    {
        switch (place)
        {
        case Place::kReqOut:
            return ActiveCm().SendReq(m_a, m_world.Req(m_active, m_qpn)).has_value();
        case Place::kReqArrived:
            return FindAccepted();
        case Place::kMraOfReq:
            return PassiveCm().SendMra(m_b, {}).has_value() && Arrive();
        case Place::kRepOut:
            return SendRep();
        case Place::kRepArrived:
        case Place::kDreqArrived:
            return Arrive();
        case Place::kMraOfRep:
            return ActiveCm().SendMra(m_a, {}).has_value() && Arrive();
        case Place::kRtuOut:
            return ActiveCm().SendRtu(m_a).has_value();
        case Place::kEstablished:
            return Arrive();
        case Place::kLapArrived:
            return SendLap();
        case Place::kMraOfLap:
            return PassiveCm().SendMra(m_b, {}).has_value() && Arrive();
        case Place::kAprArrived:
            return PassiveCm().SendApr(m_b, {}).has_value() && Arrive();
        case Place::kDreqOut:
            return SendDreq();
        case Place::kTimewait:
            return PassiveCm().SendDrep(m_b).has_value() && Arrive();
        case Place::kIdle:
        case Place::kSidr:
            break;
        }
        return true;
    }

    World& m_world;
    const std::size_t m_active;
    const std::uint32_t m_qpn;
    Handle m_a{Handle::kNone};
    Handle m_b{Handle::kNone};
};

} // namespace

void MakeStart(World& world, Draws& input)
{
    for (std::size_t host = 0; host < kHosts; ++host)
    {
        ibcm::ListenParameters listener;
        listener.serviceId = kService;
        world.Listen(host, listener);
    }
    const unsigned pairs = input.Below(8);
    for (unsigned i = 0; i < pairs && !input.Empty(); ++i)
    {
        const std::uint8_t choice = input.Byte();
        Walk(world, choice >> 4 & 1, 1 + i % 4).To(static_cast<Place>(choice % kPlaces));
    }
}

} // namespace weft::fuzz
