// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two hosts with a CM each, a wire between them on which nothing moves unless the test says so, and
// the checks that every test ends with: no id, peer, send, timer or work item is left.
#ifndef WEFT_TEST_IBCM_PAIR_H
#define WEFT_TEST_IBCM_PAIR_H

#include "ibcm/helper/loopback-wire.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/connection-manager.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ibcm::test
{

/** An event as it was told. */
struct Told
{
    Handle id;
    Event event;
    Instant when;
};

/** A consumer that writes down what it is told and answers what the test wants. */
class Recorder final : public EventHandler
{
  public:
    explicit Recorder(StepRuntime& runtime)
        : m_runtime(runtime)
    {
    }

    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override;

    /** The names of all events so far, in order, and forgets them: "REQ_RECEIVED RTU_RECEIVED". */
    std::string TakeNames();
    /** The latest event; fails the test if there is none. */
    const Told& Last() const;

    std::vector<Told> told;
    std::vector<Handle>
        accepted; ///< ids that REQs and SIDR_REQs have made, whatever became of them
    /** Called inside the handler; without one every event is kept. */
    std::function<Disposition(ConnectionManager&, Handle, const Event&)> react;

  private:
    StepRuntime& m_runtime;
    std::map<Handle, int> m_inside; ///< handlers that have not returned, by id
};

/** Balances what the core makes and frees. */
class LifeObserver final : public Observer
{
  public:
    void OnSync(SyncKind kind, const void* object, const char* site) override;
    void OnAccess(const void* field, const char* name, bool write) override;
    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override;
    void OnFreed(const void* object) override;
    void OnViolation(const char* invariant, const void* object, const char* what) override;

    std::size_t Made() const
    {
        return m_made;
    }

    std::size_t Living() const
    {
        return m_living.size();
    }

  private:
    std::map<const void*, std::string> m_living;
    std::size_t m_made{0};
};

/** One host: a port and its CM. */
struct Host
{
    Host(StepRuntime& runtime,
         LoopbackWire& wire,
         std::uint64_t guid,
         std::uint16_t lid,
         const Options& options = {});
    ~Host();

    const ibwire::Gid gid;
    LoopbackWire::End& end;
    ReliablePort port;
    Recorder consumer;
    ConnectionManager cm;
};

/** A MAD as it was transmitted. */
struct SentMad
{
    std::size_t from; ///< 0: A, 1: B
    Instant when;
    MadAddress address;
    ibwire::MadHeader header;
    ibwire::CmMessage message;
    ibwire::MadBytes bytes;
};

inline constexpr std::uint64_t kGuidA = 0x0002c903000a0001;
inline constexpr std::uint64_t kGuidB = 0x0002c903000b0001;
inline constexpr std::uint16_t kLidA = 10;
inline constexpr std::uint16_t kLidB = 20;
inline constexpr std::uint64_t kService = 0x1000000000004242;
inline constexpr std::uint32_t kQpnA = 0x000101;
inline constexpr std::uint32_t kQpnB = 0x000202;
inline constexpr std::uint32_t kPsnA = 0x111111;
inline constexpr std::uint32_t kPsnB = 0x222222;
inline constexpr std::uint8_t kLifeTime = 14;        ///< 67 ms one way
inline constexpr std::uint8_t kResponseTimeout = 18; ///< 1.07 s
inline constexpr std::uint8_t kRetries = 3;

/** A second port of a host, on the same wire, for connections with two paths. */
struct SecondPort
{
    SecondPort(StepRuntime& runtime, LoopbackWire& wire, Host& host, std::uint16_t portLid);

    const std::uint16_t lid;
    const ibwire::Gid gid;
    ReliablePort port;
};

/** A, which connects, and B, which listens; B's handler keeps everything. */
class Pair : public ::testing::Test
{
  protected:
    explicit Pair(const Options& options = {}); ///< of both hosts
    /** Destroys all ids that are left, lets TIMEWAIT pass and checks that nothing has stayed. */
    void TearDown() override;

    Path PathToB() const;
    /** The other way round. */
    static Path Reverse(const Path& path);
    /** Gives both hosts a second port; Reach then makes connections with an alternate path. */
    void AddSecondPorts();
    /** Between the second ports, which must have been added. */
    Path AlternatePathToB() const;
    ReqParameters Req() const;
    RepParameters Rep() const;

    Handle CreateA();
    Handle CreateB();
    /** Destroys an id of A or B; the test fails if that is refused. */
    void DestroyA(Handle id);
    void DestroyB(Handle id);

    /** A listener on B. */
    Handle ListenB(std::uint64_t serviceId = kService);
    /** An id of A that has sent a REQ; nothing is delivered. */
    Handle Connect(const ReqParameters& parameters);
    Handle Connect();
    /** The id that B's latest REQ_RECEIVED has made. */
    Handle Accepted() const;
    /** Brings a fresh pair of ids to ESTABLISHED on both sides, with an empty wire and records. */
    void Establish();
    /** Delivers all MADs and runs ready work until nothing moves; no time passes. */
    void Settle();
    /** Brings @p a (of A) or @p b (of B) to @p state, with an empty wire and empty records. */
    void ReachA(State state);
    void ReachB(State state);
    /**
     * The same to ESTABLISHED and a state of the alternate path. LAP_RCVD and MRA_LAP_SENT of A,
     * LAP_SENT and MRA_LAP_RCVD of B need Behaviour::kLinux61: strictly only A may send a LAP.
     */
    void ReachLapA(LapState state);
    void ReachLapB(LapState state);

    State StateA() const;
    State StateB() const;

    /** What was transmitted since the last call: "A>REQ B>REP". */
    std::string TakeSent();
    /** The latest MAD transmitted, as a message of type M; fails the test if it is another. */
    template <class M>
    const M& LastSent() const
    {
        const auto* message = sent.empty() ? nullptr : std::get_if<M>(&sent.back().message);
        if (message == nullptr)
        {
            throw std::logic_error("the latest MAD is not the one the test expects");
        }
        return *message;
    }

    /** Sends a message to a host that nobody there has sent, as the other one would. */
    void InjectToA(const ibwire::CmMessage& message,
                   std::optional<std::uint64_t> transactionId = std::nullopt);
    void InjectToB(const ibwire::CmMessage& message,
                   std::optional<std::uint64_t> transactionId = std::nullopt);
    /** Of the latest REQ that a host has sent, for a REJ to it; else one that belongs to nothing.
     */
    std::uint64_t TransactionFor(const ibwire::CmMessage& message, std::size_t receiver) const;

    void ForgetRecords();

    StepRuntime runtime;
    LifeObserver life;
    LoopbackWire wire;
    std::vector<SentMad> sent;
    std::vector<SentMad> history; ///< like sent, but nothing is ever taken from it
    std::vector<Flight> answers;  ///< transmitted answers to Gets and Sets
    std::unique_ptr<Host> hostA;
    std::unique_ptr<Host> hostB;
    Handle a{Handle::kNone};        ///< A's id in Establish and Reach
    Handle b{Handle::kNone};        ///< B's
    Handle listener{Handle::kNone}; ///< B's
    std::vector<std::pair<Host*, Handle>> created;
    std::unique_ptr<SecondPort> secondA;
    std::unique_ptr<SecondPort> secondB;

  private:
    ReqParameters ReachReq() const;
    void ReachSidr();
    void ReachLap(bool ofA, LapState state);
};

/** Bytes from, from + 1, … */
std::vector<std::uint8_t> Bytes(std::size_t count, std::uint8_t from = 1);
/** Whether a field begins with these bytes and has zeros after them. */
bool Holds(std::span<const std::uint8_t> field, std::span<const std::uint8_t> bytes);

} // namespace ibcm::test

namespace ibcm
{
void PrintTo(State state, std::ostream* out);
void PrintTo(LapState state, std::ostream* out);
void PrintTo(Input input, std::ostream* out);
void PrintTo(CmError error, std::ostream* out);
void PrintTo(EventType type, std::ostream* out);
} // namespace ibcm

#endif // WEFT_TEST_IBCM_PAIR_H
