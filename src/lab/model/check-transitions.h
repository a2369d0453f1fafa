// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CHECK_TRANSITIONS_H
#define LAB_CHECK_TRANSITIONS_H

#include "ibcm/model/trace.h"
#include "interleave/model/check/key-table.h"
#include "interleave/model/digest.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <string>

namespace lab
{

/**
 * Whether ids change their state only as the connection protocol allows (InfiniBand Architecture
 * vol. 1, 12.9.7), and whether each change begins where the one before has ended. The table of
 * what is allowed is written from the specification, not taken from the core under test.
 */
class TransitionCheck
{
  public:
    explicit TransitionCheck(interleave::Engine& engine)
        : m_engine(engine)
    {
    }

    /** @param host number and name of the id's host. */
    void OnTransition(std::uint32_t host,
                      const std::string& name,
                      const ibcm::TransitionTrace& step);

    /** The id's handle is no more; another id may get it. */
    void Forget(std::uint32_t host, ibcm::Handle id);

    /** Whether the id was seen to go to LISTEN, and not yet to leave it. */
    bool Listens(std::uint32_t host, ibcm::Handle id);

    void Clear()
    {
        m_states.Clear();
    }

    /** Whether the protocol has such a step. */
    static bool Allowed(ibcm::State from, ibcm::Input input, ibcm::State to);

  private:
    struct Known
    {
        bool known{false};
        ibcm::State state{ibcm::State::kIdle};
    };

    interleave::Engine& m_engine;
    interleave::KeyTable<Known> m_states; ///< by host and handle
};

/** A key for a host's handle. */
inline std::uint64_t HandleKey(std::uint32_t host, ibcm::Handle id)
{
    return interleave::MixBits(static_cast<std::uint64_t>(id)) + host;
}

} // namespace lab

#endif /* LAB_CHECK_TRANSITIONS_H */
