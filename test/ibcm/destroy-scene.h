// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ids in each state, and each message that can come for them then: what the tests of destroying
// are made of.
#ifndef WEFT_TEST_IBCM_DESTROY_SCENE_H
#define WEFT_TEST_IBCM_DESTROY_SCENE_H

#include "common/scene-message.h"
#include "pair.h"

#include <array>
#include <iosfwd>
#include <span>
#include <string>

namespace ibcm::test
{

/** What an id is, beyond its state. */
enum class Flavour : std::uint8_t
{
    kPlain,
    kXrc,     ///< initiator on the active side, target on the passive side
    kCrossed, ///< DREQ_RCVD with a DREQ of its own that was answered by the peer's
};

/** An id in a state: that of A, which asks, or that of B, which is asked. */
struct Scene
{
    bool active;
    State state;
    LapState lap{LapState::kUninit};
    Flavour flavour{Flavour::kPlain};
};

/** "passive ESTABLISHED MRA_LAP_SENT". */
std::string NameOf(const Scene& scene);
void PrintTo(const Scene& scene, std::ostream* out);

/** All of them; each of the 16 states is there, each LAP state, and each side that can be in it. */
std::span<const Scene> Scenes();

/** The communication id of a REQ or SIDR_REQ that belongs to no id of the scene. */
inline constexpr std::uint32_t kOtherCommId = 0x0badcafe;

/** Sees that each walk ends, and with what. */
class LastSteps final : public Trace
{
  public:
    void OnTransition(const TransitionTrace& step) override
    {
        m_last[step.id] = step.to;
    }

    /** The state that the id came to last; IDLE if it never left that. */
    State Of(Handle id) const
    {
        const auto it = m_last.find(id);
        return it == m_last.end() ? State::kIdle : it->second;
    }

  private:
    std::map<Handle, State> m_last;
};

/** Before Pair, whose managers tell it. */
struct WithLastSteps
{
    LastSteps steps;
};

/** Two hosts with an id in a scene. */
class SceneStage : private WithLastSteps, public Pair
{
  public:
    explicit SceneStage(const Scene& scene);

    /** Brings the id to its state. False, and the test has failed, if it is not there then. */
    bool Reach();
    /** The checks at the end: nothing is left. */
    void Finish();

  protected:
    void TestBody() override
    {
    }

    /** The message as the peer would send it now. */
    ReceivedMad Forge(Message message) const;
    void Receive(const ReceivedMad& mad)
    {
        own->port.Received(mad);
    }

    /**
     * What the id's host has sent since Reach: "REJ 28 REP own/peer". Ids are named own, peer, 0
     * and other.
     */
    std::string TakeOwnSent();
    /** Events that the id's consumer was told about this id since Reach. */
    std::size_t EventsOfId() const;
    State LastState() const
    {
        return steps.Of(id);
    }

    const Scene scene;
    Host* own{nullptr};  ///< of the id
    Host* peer{nullptr}; ///< the other one
    Handle id{Handle::kNone};
    std::uint32_t ownCommId{0};
    std::uint32_t peerCommId{0}; ///< 0: there is no peer

  private:
    void ReachAsking();
    void ReachConnecting();
    void ReachConnected();
    void ReachLap();
    void ReachSidr();
    ReqParameters SceneReq() const;
    RepParameters SceneRep() const;
    LapParameters Lap() const;
    /** Forgets what was sent, but for what messages are forged from. */
    void Note();
    /** The header of the latest MAD with this attribute from one side; fails the test if none. */
    const SentMad& Latest(std::size_t from, ibwire::CmAttribute attribute) const;
    std::uint64_t TransactionOf(bool fromOwn, ibwire::CmAttribute attribute) const;
    ibwire::CmMessage Compose(Message message) const;
    std::uint64_t TransactionFor(Message message) const;
    std::string NameOfCommId(std::uint32_t commId) const;
    std::string Describe(const SentMad& mad) const;

    std::vector<SentMad> m_history;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_DESTROY_SCENE_H
