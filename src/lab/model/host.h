// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_HOST_H
#define LAB_HOST_H

#include "ibcm/helper/reliable-port.h"
#include "ibcm/model/connection-manager.h"
#include "interleave/model/completion.h"
#include "interleave/model/work-queue.h"
#include "lab/model/cm-checks.h"
#include "lab/model/recorder.h"
#include "lab/model/sim-runtime.h"
#include "lab/model/transport.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lab
{

/** Tells the name of the host with a LID; empty if no host of the scenario has it. */
using HostByLid = std::function<const std::string&(std::uint16_t lid)>;

/**
 * A host: an attachment to the fabric, the Connection Manager on it, and the threads that bring
 * MADs from one to the other, as many at once as there are workers.
 */
class Host
{
  public:
    struct Parts
    {
        interleave::Engine& engine;
        Recorder& recorder;
        HostByLid hostByLid;
        HostChecks* checks{nullptr}; ///< who watches over the manager, or nobody
        std::int64_t handlerNs{0};   ///< how long an event's handler may sleep
    };

    Host(Parts parts,
         Attachment& attachment,
         const std::string& name,
         unsigned workers,
         std::uint64_t seed,
         bool observe);
    /** In a task: waits for the host's workers. All ids of its manager have been destroyed. */
    ~Host();

    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const std::string& Name() const
    {
        return m_runtime.Host();
    }

    ibcm::ConnectionManager& Manager()
    {
        return *m_manager;
    }

    ibcm::ReliablePort& Port()
    {
        return m_port;
    }

    Attachment& GetAttachment()
    {
        return m_attachment;
    }

    SimRuntime& Runtime()
    {
        return m_runtime;
    }

    /** Who is to be given to the manager so that @p handler gets its events; lives as long as the
     * host. The same handler gives the same one. */
    ibcm::EventHandler& Watched(ibcm::EventHandler& handler);

    /** ConnectionManager::Destroy(), after which no event may come. */
    ibcm::Status Destroy(ibcm::Handle id);

    /**
     * The host loses its memory, from one moment to the next: nothing that it still does is heard
     * or seen by anybody, and its attachment is free for the host that it restarts as. What it was
     * in the middle of goes on to its end, in vain, so that it can be taken apart in order.
     */
    void Crash();

    /** See EndsCheck::Began(); kNoOperation ends nothing. */
    std::size_t Began(const char* what, std::int64_t boundNs);
    void Ended(std::size_t operation);
    static constexpr std::size_t kNoOperation = static_cast<std::size_t>(-1);

    /** Whether it has not crashed. */
    bool Up() const
    {
        return m_up;
    }

    /** Removes the port from the manager, as a driver does whose device goes: what is being
     * received is waited for, nothing more is. In a task that handles no event. */
    ibcm::Status RemovePort();
    /** Brings it back. */
    ibcm::Status AddPort();

    /** In a task: asks for the way to another host. The error says what was wrong. */
    tl::expected<ibcm::Path, std::string> ResolvePath(const Attachment& to);

    /** Runs @p work soon, in a task of the host: for events that come on the main context. */
    void RunInTask(std::function<void()> work);

  private:
    class Wire;
    class Witness;
    class Watcher;
    struct Incoming;
    struct Deferred;

    void Arrived(const ibcm::ReceivedMad& mad);
    void Handle(Incoming& incoming);

    interleave::Engine& m_engine;
    Recorder& m_recorder;
    HostByLid m_hostByLid;
    Attachment& m_attachment;
    SimRuntime m_runtime;
    HostTrace m_trace;
    HostChecks* const m_checks;
    const std::int64_t m_destroyBoundNs;
    bool m_up{true};
    bool m_portServed{true};
    std::uint32_t m_handling{0};         ///< workers in the middle of a MAD
    interleave::Completion m_portUnused; ///< no worker is, for RemovePort()
    std::unique_ptr<Witness> m_witness;
    std::vector<std::unique_ptr<Watcher>> m_watchers;
    std::unique_ptr<Wire> m_wire;
    ibcm::ReliablePort m_port;
    std::unique_ptr<ibcm::ConnectionManager> m_manager;
    std::vector<std::unique_ptr<Incoming>> m_incoming;
    std::vector<Incoming*> m_freeIncoming;
    interleave::WorkQueue m_workers;
    interleave::WorkQueue m_asynchronous;
};

} // namespace lab

#endif /* LAB_HOST_H */
