// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/host.h"

#include <utility>

namespace lab
{

namespace
{

/** Destroy() waits for handlers, and for nothing on the wire. */
constexpr std::int64_t kDestroyBoundNs = 1'000'000'000;

} // namespace

/** What the manager's port sends on: a visible operation, then the attachment. */
class Host::Wire final : public ibcm::MadWire
{
  public:
    Wire(const Host& host, interleave::Engine& engine, ibcm::MadWire& below, HostChecks* checks)
        : m_host(host),
          m_engine(engine),
          m_below(below),
          m_checks(checks)
    {
    }

    bool Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address) override
    {
        if (m_host.Up())
        {
            m_engine.Point({interleave::OpKind::kSend, {}, true, "transmit"});
        }
        if (!m_host.Up())
        {
            return true; // as far as it knows
        }
        if (m_checks != nullptr)
        {
            m_checks->Sent(mad);
        }
        return m_below.Transmit(mad, address);
    }

    std::uint16_t Lid() const override
    {
        return m_below.Lid();
    }

    std::uint8_t Lmc() const override
    {
        return m_below.Lmc();
    }

    std::uint8_t ActiveMtu() const override
    {
        return m_below.ActiveMtu();
    }

    std::uint8_t ActiveRate() const override
    {
        return m_below.ActiveRate();
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return m_below.FindGid(gid);
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return m_below.GidAt(index);
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        return m_below.FindPkey(pkey);
    }

  private:
    const Host& m_host;
    interleave::Engine& m_engine;
    ibcm::MadWire& m_below;
    HostChecks* const m_checks;
};

/** Sees what the manager's ids do, as long as the host is up. */
class Host::Witness final : public ibcm::Trace
{
  public:
    Witness(const Host& host, ibcm::Trace& next)
        : m_host(host),
          m_next(next)
    {
    }

    void OnTransition(const ibcm::TransitionTrace& step) override
    {
        if (m_host.Up())
        {
            m_next.OnTransition(step);
        }
    }

    void OnStay(const ibcm::TransitionTrace& step) override
    {
        if (m_host.Up())
        {
            m_next.OnStay(step);
        }
    }

    void OnLapTransition(const ibcm::LapTransitionTrace& step) override
    {
        if (m_host.Up())
        {
            m_next.OnLapTransition(step);
        }
    }

  private:
    const Host& m_host;
    ibcm::Trace& m_next;
};

/** Hears what the manager tells a consumer, as long as the host is up. */
class Host::Watcher final : public ibcm::EventHandler
{
  public:
    Watcher(const Host& host, ibcm::EventHandler& next, HostChecks* checks)
        : m_host(host),
          m_next(next),
          m_checks(checks)
    {
    }

    const ibcm::EventHandler& Next() const
    {
        return m_next;
    }

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override
    {
        if (!m_host.Up())
        {
            return ibcm::Disposition::kDestroy;
        }
        if (m_checks != nullptr)
        {
            m_checks->EventBegins(id, event.type);
        }
        const ibcm::Disposition disposition = m_next.OnCmEvent(manager, id, event);
        if (m_checks != nullptr && m_host.Up())
        {
            m_checks->EventEnds(id, disposition);
        }
        return disposition;
    }

  private:
    const Host& m_host;
    ibcm::EventHandler& m_next;
    HostChecks* const m_checks;
};

/** A MAD that waits for a worker, or is handled by one. */
struct Host::Incoming
{
    explicit Incoming(Host& owner)
        : host(owner),
          item(
              [](void* self)
              {
                  auto* incoming = static_cast<Incoming*>(self);
                  incoming->host.Handle(*incoming);
              },
              this)
    {
    }

    Host& host;
    ibcm::ReceivedMad mad;
    interleave::WorkItem item;
};

struct Host::Deferred
{
    explicit Deferred(std::function<void()> run)
        : work(std::move(run)),
          item(
              [](void* self)
              {
                  const std::unique_ptr<Deferred> deferred(static_cast<Deferred*>(self));
                  deferred->work();
              },
              this)
    {
    }

    std::function<void()> work;
    interleave::WorkItem item;
};

Host::Host(Parts parts,
           Attachment& attachment,
           const std::string& name,
           unsigned workers,
           std::uint64_t seed,
           bool observe)
    : m_engine(parts.engine),
      m_recorder(parts.recorder),
      m_hostByLid(std::move(parts.hostByLid)),
      m_attachment(attachment),
      m_runtime(parts.engine, name, seed, observe),
      m_trace(parts.recorder, name),
      m_checks(parts.checks),
      m_destroyBoundNs(kDestroyBoundNs + parts.handlerNs),
      m_portUnused(parts.engine, "port"),
      m_wire(std::make_unique<Wire>(*this, parts.engine, attachment.Wire(), parts.checks)),
      m_port(m_runtime, *m_wire, attachment.PortNumber()),
      m_workers(parts.engine, name + "/worker", workers),
      m_asynchronous(parts.engine, name + "/event", 1)
{
    ibcm::Trace* trace = &m_trace;
    if (m_checks != nullptr)
    {
        m_checks->PassTraceTo(&m_trace);
        trace = m_checks;
    }
    m_witness = std::make_unique<Witness>(*this, *trace);
    ibcm::Options options;
    options.trace = m_witness.get();
    m_manager = std::make_unique<ibcm::ConnectionManager>(
        m_runtime, ibcm::DeviceInfo{attachment.NodeGuid(), attachment.AckDelay()}, options);
    (void)m_manager->AddPort(attachment.PortNumber(), m_port); // cannot fail: the first one
    attachment.SetReceiveHandler([this](const ibcm::ReceivedMad& mad) { Arrived(mad); });
}

Host::~Host()
{
    if (m_up)
    {
        m_attachment.SetReceiveHandler({});
    }
    m_asynchronous.Shutdown();
    m_workers.Shutdown();
    m_manager.reset();
}

ibcm::EventHandler& Host::Watched(ibcm::EventHandler& handler)
{
    for (const auto& watcher : m_watchers)
    {
        if (&watcher->Next() == &handler)
        {
            return *watcher;
        }
    }
    m_watchers.push_back(std::make_unique<Watcher>(*this, handler, m_checks));
    return *m_watchers.back();
}

void Host::Crash()
{
    m_up = false;
    m_attachment.SetReceiveHandler({});
    if (m_checks != nullptr)
    {
        m_checks->Restarted();
    }
}

std::size_t Host::Began(const char* what, std::int64_t boundNs)
{
    return m_checks != nullptr && m_up ? m_checks->Began(what, boundNs) : kNoOperation;
}

void Host::Ended(std::size_t operation)
{
    if (operation != kNoOperation && m_up)
    {
        m_checks->Ended(operation);
    }
}

ibcm::Status Host::RemovePort()
{
    if (!m_portServed)
    {
        return tl::unexpected(ibcm::CmError::kInvalidArgument);
    }
    m_portServed = false;
    m_portUnused.Reinit();
    if (m_handling != 0)
    {
        m_portUnused.Wait("wait for received MADs");
    }
    if (m_checks != nullptr && m_up)
    {
        m_checks->PortRemoved();
    }
    return m_manager->RemovePort(m_attachment.PortNumber());
}

ibcm::Status Host::AddPort()
{
    const ibcm::Status status = m_manager->AddPort(m_attachment.PortNumber(), m_port);
    m_portServed = m_portServed || status.has_value();
    if (m_checks != nullptr && m_up && status)
    {
        m_checks->PortAdded();
    }
    return status;
}

ibcm::Status Host::Destroy(ibcm::Handle id)
{
    const std::size_t operation = Began("destroy", m_destroyBoundNs);
    const ibcm::Status status = m_manager->Destroy(id);
    Ended(operation);
    if (m_checks != nullptr && m_up && status)
    {
        m_checks->Destroyed(id);
    }
    return status;
}

tl::expected<ibcm::Path, std::string> Host::ResolvePath(const Attachment& to)
{
    interleave::Completion answered(m_engine, "path-query");
    tl::expected<ibcm::Path, std::string> result = tl::unexpected(std::string("no answer"));
    m_attachment.ResolvePath(to,
                             [&](auto path)
                             {
                                 result = std::move(path);
                                 answered.CompleteAll();
                             });
    answered.Wait("resolve path");
    return result;
}

void Host::RunInTask(std::function<void()> work)
{
    auto* deferred = new Deferred(std::move(work));
    if (!m_asynchronous.Queue(deferred->item))
    {
        delete deferred; // the host is being taken down
    }
}

void Host::Arrived(const ibcm::ReceivedMad& mad)
{
    if (!m_portServed)
    {
        return;
    }
    if (m_freeIncoming.empty())
    {
        const interleave::MemoryScope ofTheRun(true);
        m_incoming.push_back(std::make_unique<Incoming>(*this));
        m_freeIncoming.push_back(m_incoming.back().get());
    }
    Incoming* incoming = m_freeIncoming.back();
    m_freeIncoming.pop_back();
    incoming->mad = mad;
    m_workers.Queue(incoming->item);
}

void Host::Handle(Incoming& incoming)
{
    m_engine.Point({interleave::OpKind::kReceive, {}, true, "receive"});
    const ibcm::ReceivedMad& mad = incoming.mad; // whose place is given back at the end
    if (!m_up || !m_portServed)
    {
        m_freeIncoming.push_back(&incoming);
        return;
    }
    m_recorder.Received(m_hostByLid(mad.replyAddress.dlid), Name(), mad.bytes);
    if (m_checks != nullptr)
    {
        m_checks->Received(mad.bytes);
    }
    ++m_handling;
    m_port.Received(mad);
    if (--m_handling == 0 && !m_portServed)
    {
        m_portUnused.CompleteAll();
    }
    m_freeIncoming.push_back(&incoming);
}

} // namespace lab
