// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef WEFT_TEST_IBCM_EXTRA_HOST_H
#define WEFT_TEST_IBCM_EXTRA_HOST_H

#include "pair.h"

namespace ibcm::test
{

/** A host beside A and B, with a port of its own kind; its ids go with it. */
struct ExtraHost
{
    ExtraHost(StepRuntime& runtime,
              LoopbackWire& wire,
              std::uint64_t guid,
              const LoopbackWire::EndTables& tables,
              const Options& options = {})
        : gid(tables.gids.at(0)),
          lid(tables.lid),
          end(wire.AddEnd(tables)),
          port(runtime, end, 1),
          consumer(runtime),
          cm(runtime, DeviceInfo{guid, 10}, options)
    {
        end.Attach(&port);
        EXPECT_TRUE(cm.AddPort(1, port));
    }

    ~ExtraHost()
    {
        consumer.react = {};
        for (const Told& told : consumer.told)
        {
            (void)cm.Destroy(told.id); // gone already, if the test has destroyed it
        }
        for (const Handle id : consumer.accepted)
        {
            (void)cm.Destroy(id);
        }
        for (const Handle id : made)
        {
            (void)cm.Destroy(id);
        }
        end.Attach(nullptr);
    }

    ExtraHost(const ExtraHost&) = delete;
    ExtraHost& operator=(const ExtraHost&) = delete;

    Handle Create()
    {
        made.push_back(cm.Create(consumer).value());
        return made.back();
    }

    Handle Listen(std::uint64_t serviceId = kService)
    {
        const Handle id = Create();
        EXPECT_TRUE(cm.Listen(id, serviceId));
        return id;
    }

    const ibwire::Gid gid;
    const std::uint16_t lid;
    LoopbackWire::End& end;
    ReliablePort port;
    Recorder consumer;
    ConnectionManager cm;
    std::vector<Handle> made;
};

inline constexpr std::uint64_t kGuidC = 0x0002c903000c0001;
inline constexpr std::uint16_t kLidC = 32;

/** The tables of an ordinary port of C. */
inline LoopbackWire::EndTables TablesC()
{
    LoopbackWire::EndTables tables;
    tables.lid = kLidC;
    tables.gids = {ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidC + 1)};
    return tables;
}

/** How often a cause was counted. */
inline std::uint64_t Count(const MessageCounters& counters, Discard cause)
{
    return counters.discarded[static_cast<std::size_t>(cause)];
}

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_EXTRA_HOST_H
