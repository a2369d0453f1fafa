// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A Connection Manager on the engine, an id of it in any state, and any message for that id.
#ifndef WEFT_TEST_LAB_DESTROY_STAGE_H
#define WEFT_TEST_LAB_DESTROY_STAGE_H

#include "common/scene-message.h"
#include "hand-port.h"
#include "ibcm/model/connection-manager.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/sim-runtime.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace labtest
{

inline constexpr std::uint64_t kService = 0x1000000000004242;
inline constexpr std::uint32_t kQpn = 0x202;
inline constexpr std::uint16_t kPeerLid = 20;
inline constexpr std::uint8_t kAckDelay = 10;

/** An id's side, state and, if it is connected, what its alternate path is doing. */
struct Scene
{
    bool active;
    ibcm::State state;
    ibcm::LapState lap{ibcm::LapState::kUninit};
    bool xrc{false};
};

std::string NameOf(const Scene& scene);
/** One for each state and side that there is, and more. */
std::span<const Scene> Scenes();

using ibcm::test::kMessageCount;
using ibcm::test::Message;

/** What was sent, in no order: "REJ 28", "DREQ". */
using Sent = std::multiset<std::string>;

/** One run: makes the manager and its id, lets tasks have at it, and ends it all. */
class DestroyStage final : public ibcm::EventHandler, private ibcm::Trace
{
  public:
    /** @param chooser whose turn it is; not owned. */
    DestroyStage(const Scene& scene, Message message, interleave::Chooser& chooser);

    using Body = std::function<void(DestroyStage&)>;

    /**
     * Runs the bodies in tasks "first" and "second" and checks what must hold however they were
     * interleaved. @return what they have sent.
     */
    Sent Run(const Body& first, const Body& second);

    /** For the bodies: the message comes. */
    void Receive();
    /** For the bodies: the id's consumer ends it. */
    void Destroy();

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle told,
                                const ibcm::Event& event) override;

  private:
    void OnTransition(const ibcm::TransitionTrace& step) override
    {
        m_lastState[step.id] = step.to;
    }

    void Main(const Body& first, const Body& second);
    void RunTasks(const Body& first, const Body& second);
    void End();

    // How the id comes to its state.
    void Reach();
    void ReachAsking();
    void ReachAsked();
    void ReachConnected();
    void ReachAlternate();
    void Deliver(Message message);
    ibcm::Path PathToPeer() const;

    ibwire::CmMessage Compose(Message message) const;
    std::uint64_t TransactionOf(Message message) const;
    ibwire::CmMessage ComposeReq() const;
    ibwire::CmMessage ComposeLap() const;
    std::uint64_t LatestOf(ibwire::CmAttribute attribute) const;

    const Scene m_scene;
    const Message m_message;
    interleave::VirtualTime m_time;
    interleave::Engine m_engine;
    lab::SimRuntime m_runtime;
    HandPort m_port;
    std::unique_ptr<ibcm::ConnectionManager> m_cm;
    ibcm::Handle m_id{ibcm::Handle::kNone};
    std::uint32_t m_commId{0};
    std::vector<ibcm::Handle> m_others; ///< the listener, and ids that came by messages
    std::map<ibcm::Handle, ibcm::State> m_lastState;
    bool m_acting{false};    ///< the tasks run
    bool m_destroyed{false}; ///< Destroy has returned
};

} // namespace labtest

#endif // WEFT_TEST_LAB_DESTROY_STAGE_H
