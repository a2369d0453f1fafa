// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two hosts with two ports each, a wire on which nothing moves by itself, and ids that real
// exchanges have brought to where the fuzzer's input begins.
#ifndef WEFT_TEST_FUZZ_CM_WORLD_H
#define WEFT_TEST_FUZZ_CM_WORLD_H

#include "fuzz/cm-oracle.h"
#include "fuzz/fuzz-input.h"
#include "ibcm/helper/loopback-wire.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/connection-manager.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace weft::fuzz
{

inline constexpr std::size_t kPorts = 2;
inline constexpr std::uint64_t kService = 0x1000000000004240;
/** Longer than any private data, so that too much of it can be had. */
inline constexpr std::size_t kMaxPrivateData = 256;

/** How both hosts are set up. */
struct Settings
{
    ibcm::Options options;
    ibcm::ReliablePortOptions port;
};

/** Draws one of a few worth having: behaviour, tight or roomy limits, redirection, … */
Settings SettingsFrom(Draws& input);

/** One port of one host. */
struct Side
{
    ibcm::LoopbackWire::End* end{nullptr};
    std::unique_ptr<ibcm::ReliablePort> port;
    ibwire::Gid gid;
    std::uint16_t lid{0};
    bool served{false}; ///< by the host's CM
};

struct Host
{
    std::uint64_t guid{0};
    std::array<Side, kPorts> sides;
    std::unique_ptr<ibcm::ConnectionManager> cm;
    std::array<std::uint64_t, ibcm::MessageCounters::kKinds> arrived{}; ///< well-formed, at the CM
};

class World final : public ibcm::EventHandler
{
  public:
    using React = std::function<ibcm::Disposition(std::size_t, ibcm::Handle, const ibcm::Event&)>;

    explicit World(const Settings& settings);
    ~World() override;

    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /** Called inside each handler; without one every event is kept. */
    void SetReact(React react)
    {
        m_react = std::move(react);
    }

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;

    /** Makes an id, or none if the limit is reached. */
    IdRecord* Create(std::size_t host);
    /** Destroys it, or gives back one share of it. A refusal is checked, and changes nothing. */
    void Destroy(IdRecord& record);
    void Listen(std::size_t host, const ibcm::ListenParameters& parameters);
    void ListenShared(std::size_t host, std::uint64_t serviceId);
    /** Takes a port from its CM, or gives it back. Not inside a handler. */
    void TogglePort(std::size_t host, std::size_t side);

    /** Hands over one MAD that is under way. False if there is none with this number. */
    bool Deliver(std::size_t index);
    /** Hands over a MAD that nobody there has sent. @param from the host that it seems to be of. */
    void Inject(std::size_t host, std::size_t side, const ibwire::MadBytes& bytes);
    /** Delivers all MADs and runs ready work until nothing moves; no time passes. */
    void Settle();

    /** A path from one host's side to one of the other host. */
    ibcm::Path PathFrom(std::size_t host, std::size_t side) const;
    /** What a sensible consumer asks for. */
    ibcm::ReqParameters Req(std::size_t host, std::uint32_t qpn) const;

    /** What holds between two steps, when no handler runs. */
    void Check();
    /** Lets everything end by itself: each id must come to rest. */
    void ComeToRest();
    /** Destroys all ids and looks at what is left. */
    void TearDown();

    ibcm::StepRuntime runtime;
    ibcm::LoopbackWire wire;
    Oracle oracle;
    std::array<Host, kHosts> hosts;
    std::vector<ibcm::Flight> sent; ///< the latest MADs, for replays; kHistory at most
    std::size_t handlers{0};        ///< that have not returned

  private:
    static constexpr std::size_t kHistory = 16;

    ibcm::Options OptionsOf(std::size_t host);
    void Tap(const ibcm::Flight& flight);
    void CheckPorts(const Host& host, std::size_t number) const;

    const Settings m_settings;
    React m_react;
    std::size_t m_next{0}; ///< in `sent`
};

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_CM_WORLD_H
