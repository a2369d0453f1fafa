// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What must hold for every input of the CM's fuzzer, kept apart from what the input does: legal
// transitions, the events that these call for and no others, in their order and one at a time,
// objects that are freed once, sane MADs.
#ifndef WEFT_TEST_FUZZ_CM_ORACLE_H
#define WEFT_TEST_FUZZ_CM_ORACLE_H

#include "ibcm/helper/loopback-wire.h"
#include "ibcm/model/connection-manager.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

namespace weft::fuzz
{

inline constexpr std::size_t kHosts = 2;

/** One id of one host, as its trace and its consumer have seen it. */
struct IdRecord
{
    std::size_t host{0};
    ibcm::Handle id{ibcm::Handle::kNone};
    std::uint32_t localCommId{0};
    std::uint32_t remoteCommId{0};
    ibcm::State state{ibcm::State::kIdle};
    ibcm::LapState lapState{ibcm::LapState::kUninit};
    std::uint64_t transactionId{0};  ///< of the latest MAD that it sent
    std::deque<ibcm::EventType> due; ///< events of transitions that were not told yet
    bool shared{false};              ///< made by ListenShared
    unsigned shares{1};              ///< Destroys that are owed
    bool inside{false};              ///< its handler has not returned
    bool dying{false};               ///< no event may come any more
    bool dead{false};

    /** A DREQ could not be sent: who called knows already, and no DREQ_ERROR comes. */
    void DreqRefused()
    {
        if (!due.empty() && due.back() == ibcm::EventType::kDreqError)
        {
            due.pop_back();
        }
    }
};

/** Watches both hosts. Ends the program at the first thing that is wrong. */
class Oracle final : public ibcm::Observer
{
  public:
    /** The trace to give to a host. */
    ibcm::Trace* TraceOf(std::size_t host)
    {
        return &m_traces[host];
    }

    /** An id that a call has made. */
    IdRecord& Made(std::size_t host, ibcm::Handle id);
    /** Null if there never was such an id. */
    IdRecord* Find(std::size_t host, ibcm::Handle id);
    /** Those that are not dead, in the order in which they came up; never a dying one. */
    IdRecord* Choose(std::size_t host, unsigned number);
    std::size_t Living(std::size_t host) const;
    std::size_t InState(std::size_t host, ibcm::State state) const;

    std::deque<IdRecord>& Records()
    {
        return m_records;
    }

    void EventBegins(std::size_t host, ibcm::Handle id, const ibcm::Event& event);
    void EventEnds(std::size_t host, ibcm::Handle id, ibcm::Disposition answer);

    /** A MAD has been handed to the wire. */
    void Transmitted(std::size_t host, const ibwire::MadBytes& bytes);
    std::uint64_t Transmissions(std::size_t host) const
    {
        return m_transmissions[host];
    }

    /** No event is owed; for when no work is ready and no handler runs. */
    void CheckAllTold() const;
    /** Nothing is left of what the core has made. */
    void CheckAllFreed() const;

    void OnSync(ibcm::SyncKind kind, const void* object, const char* site) override;
    void OnAccess(const void* field, const char* name, bool write) override;
    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override;
    void OnFreed(const void* object) override;
    void OnViolation(const char* invariant, const void* object, const char* what) override;

  private:
    class HostTrace final : public ibcm::Trace
    {
      public:
        HostTrace(Oracle& oracle, std::size_t host)
            : m_oracle(oracle),
              m_host(host)
        {
        }

        void OnTransition(const ibcm::TransitionTrace& step) override;
        void OnLapTransition(const ibcm::LapTransitionTrace& step) override;

      private:
        Oracle& m_oracle;
        const std::size_t m_host;
    };

    std::deque<IdRecord> m_records; ///< never shrinks: what has died must not come back
    std::array<HostTrace, kHosts> m_traces{HostTrace(*this, 0), HostTrace(*this, 1)};
    std::array<std::uint64_t, kHosts> m_transmissions{};
    std::set<const void*> m_objects;
};

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_CM_ORACLE_H
