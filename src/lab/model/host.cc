// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/host.h"

#include <utility>

namespace lab
{

/** What the manager's port sends on: a visible operation, then the attachment. */
class Host::Wire final : public ibcm::MadWire
{
  public:
    Wire(interleave::Engine& engine, ibcm::MadWire& below, HostChecks* checks)
        : m_engine(engine),
          m_below(below),
          m_checks(checks)
    {
    }

    bool Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address) override
    {
        m_engine.Point({interleave::OpKind::kSend, {}, true, "transmit"});
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
    interleave::Engine& m_engine;
    ibcm::MadWire& m_below;
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
      m_wire(std::make_unique<Wire>(parts.engine, attachment.Wire(), parts.checks)),
      m_port(m_runtime, *m_wire, attachment.PortNumber()),
      m_workers(parts.engine, name + "/worker", workers),
      m_asynchronous(parts.engine, name + "/event", 1)
{
    ibcm::Options options;
    options.trace = &m_trace;
    if (m_checks != nullptr)
    {
        m_checks->PassTraceTo(&m_trace);
        options.trace = m_checks;
    }
    m_manager = std::make_unique<ibcm::ConnectionManager>(
        m_runtime, ibcm::DeviceInfo{attachment.NodeGuid(), attachment.AckDelay()}, options);
    (void)m_manager->AddPort(attachment.PortNumber(), m_port); // cannot fail: the first one
    attachment.SetReceiveHandler([this](const ibcm::ReceivedMad& mad) { Arrived(mad); });
}

Host::~Host()
{
    m_attachment.SetReceiveHandler({});
    m_asynchronous.Shutdown();
    m_workers.Shutdown();
    m_manager.reset();
}

ibcm::EventHandler& Host::Watched(ibcm::EventHandler& handler)
{
    if (m_checks == nullptr)
    {
        return handler;
    }
    m_checks->PassEventsTo(handler);
    return *m_checks;
}

ibcm::Status Host::Destroy(ibcm::Handle id)
{
    const ibcm::Status status = m_manager->Destroy(id);
    if (m_checks != nullptr && status)
    {
        m_checks->Destroyed(id);
    }
    return status;
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
    m_recorder.Received(m_hostByLid(mad.replyAddress.dlid), Name(), mad.bytes);
    if (m_checks != nullptr)
    {
        m_checks->Received(mad.bytes);
    }
    m_port.Received(mad);
    m_freeIncoming.push_back(&incoming);
}

} // namespace lab
