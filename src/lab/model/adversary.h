// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_ADVERSARY_H
#define LAB_ADVERSARY_H

#include "interleave/model/chooser.h"
#include "interleave/model/engine.h"
#include "lab/model/scenario.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab
{

/** What becomes of a MAD on its way. */
struct Fate
{
    enum class Kind : std::uint8_t
    {
        kDeliver,
        kDrop,
        kDuplicate, ///< the copy follows at once
        kCorrupt,   ///< a bit flips on the wire: the receiver's CRC check discards it
        kDelay,
        kReorder, ///< comes after the next one of its direction; lost if there is none
        // What befalls a host at the moment in which it sends a MAD, or somebody sends it one.
        kRestartSender,    ///< right behind the MAD
        kRestartReceiver,  ///< with the MAD under way
        kPortDownSender,   ///< just before the MAD, which is lost
        kPortDownReceiver, ///< with the MAD under way
    };

    Kind kind{Kind::kDeliver};
    std::int64_t delayNs{0}; ///< for kDelay; how long the host is away or its port down

    /** "deliver", "drop", "duplicate", "corrupt", "reorder", "delay 2ms", "restart sender 1s",
     * "port-down receiver 50ms": as decision logs write it. */
    std::string Text() const;

    /** Whether it befalls a host rather than the MAD. */
    bool OfHost() const
    {
        return kind >= Kind::kRestartSender;
    }
    bool OfSender() const
    {
        return kind == Kind::kRestartSender || kind == Kind::kPortDownSender;
    }
    bool Restarts() const
    {
        return kind == Kind::kRestartSender || kind == Kind::kRestartReceiver;
    }
    static std::optional<Fate> Parse(std::string_view text);

    friend bool operator==(const Fate&, const Fate&) = default;
};

/** The choice that stands before each CM message leaves its host: `net REP server->client #1`. */
class NetPoint final : public interleave::ChoicePoint
{
  public:
    /** @param fates what is offered, the first one being to deliver. All of it outlives the point.
     */
    NetPoint(std::string_view attribute,
             std::string_view from,
             std::string_view to,
             std::span<const Fate> fates);

    interleave::PlaceText Place() const override;
    std::string OptionText(std::uint32_t option) const override;
    /** Also accepts fates that are not offered: a rule or a log may know better. */
    std::optional<std::uint32_t> FindOption(std::string_view text) override;

    Fate FateOf(std::uint32_t option) const;

    std::string_view Attribute() const
    {
        return m_attribute;
    }

    std::string_view From() const
    {
        return m_from;
    }

    std::string_view To() const
    {
        return m_to;
    }

  private:
    std::string_view m_attribute;
    std::string_view m_from;
    std::string_view m_to;
    std::span<const Fate> m_fates;
    Fate m_other;
};

/**
 * Decides the fate of MADs by asking the engine's Chooser. Offers faults as long as the run's
 * budget lasts; the point is there all the same, so that places count alike.
 */
class Adversary
{
  public:
    /** Lets a host restart, or its port go down; @p forNs is how long it is away. */
    using HostFault = std::function<void(std::string_view host, bool restart, std::int64_t forNs)>;

    Adversary(interleave::Engine& engine, FaultBudget budget);

    /** Who carries out what befalls hosts: called when it is decided, on whatever context. */
    void OnHostFault(HostFault fault)
    {
        m_hostFault = std::move(fault);
    }

    /** Another run begins: the budget is whole again. */
    void Rewind();

    /** What befalls a host has begun when this returns; what is left is the fate of the MAD. */
    Fate Decide(std::string_view attribute, std::string_view from, std::string_view to);

  private:
    void Offer();
    void Spend(const Fate& fate);
    Fate Carry(const Fate& fate, std::string_view from, std::string_view to);

    interleave::Engine& m_engine;
    const FaultBudget m_budget;
    FaultBudget m_left;
    HostFault m_hostFault;
    std::vector<Fate> m_offered; ///< the first one is to deliver
};

/** A scenario's fault rules as a Chooser: answers the choices that a rule matches, abstains
 * elsewhere. */
class RuleChooser final : public interleave::PartialChooser
{
  public:
    explicit RuleChooser(const std::vector<FaultSpec>& rules);

    bool Passive() const override
    {
        return m_rules.empty();
    }

    void BeginRun(const interleave::Engine& engine) override;
    std::optional<std::uint32_t> Try(interleave::ChoicePoint& point) override;

    /** How often each rule has been applied in this run, in order. */
    const std::vector<unsigned>& Applied() const
    {
        return m_applied;
    }

  private:
    std::vector<FaultSpec> m_rules;
    std::vector<unsigned> m_seen;
    std::vector<unsigned> m_applied;
};

} // namespace lab

#endif /* LAB_ADVERSARY_H */
