// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_DIRECT_FABRIC_H
#define LAB_DIRECT_FABRIC_H

#include "interleave/model/engine.h"
#include "lab/model/adversary.h"
#include "lab/model/recorder.h"
#include "lab/model/transport.h"

#include <memory>
#include <string>
#include <vector>

namespace lab
{

/**
 * Hosts joined by a fixed latency and nothing else, for trying very many schedules: no links, no
 * queues, no subnet manager, no data. Host n (from 1) has one port with the LIDs 2n and 2n + 1, and
 * GUIDs made from n.
 */
class DirectFabric
{
  public:
    /** @param latencyNs one way, 0 or more. */
    DirectFabric(interleave::Engine& engine,
                 Adversary& adversary,
                 Recorder& recorder,
                 std::int64_t latencyNs);
    ~DirectFabric();

    /** @return owned by the fabric. */
    Attachment& Attach(const std::string& host);

    /** Another run begins: nothing is under way, numbers start afresh. The hosts stay attached. */
    void Rewind();

  private:
    class End;
    struct Arrival;

    /** A MAD that waits to be overtaken. */
    struct Held
    {
        const End* from;
        Arrival* arrival;
    };

    static void Arrive(void* arrival);
    void Transmit(End& from, const ibwire::MadBytes& mad, const ibcm::MadAddress& address);
    void ReleaseHeld(const End& from, const End& to, std::int64_t delayNs);
    /** A place for a MAD to @p to, whose bytes and reply address are to be filled in. */
    Arrival& NewArrival(End& to);
    void Deliver(Arrival& arrival, std::int64_t delayNs);

    interleave::Engine& m_engine;
    Adversary& m_adversary;
    Recorder& m_recorder;
    const std::int64_t m_latencyNs;
    std::vector<std::unique_ptr<End>> m_ends;
    std::vector<std::unique_ptr<Arrival>> m_arrivals; ///< all that ever were under way at one time
    std::vector<Arrival*> m_freeArrivals;
    std::vector<Held> m_held;
};

} // namespace lab

#endif /* LAB_DIRECT_FABRIC_H */
