// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_OBSERVER_H
#define INTERLEAVE_OBSERVER_H

#include "interleave/model/effect.h"
#include "interleave/model/operation.h"

#include <cstdint>

namespace interleave
{

class ChoicePoint;

/** An operation that is being executed. */
struct OpEvent
{
    const Engine& engine;
    /** Who does it; Engine::MainTask() for event handlers. */
    const Task& task;
    const Op& op;
    /** 1 for the first operation of the run. */
    std::uint64_t step;

    /** Simulated time. */
    std::int64_t TimeNs() const;
};

/** A bit for a kind of operation. */
constexpr std::uint32_t OpBit(OpKind kind)
{
    return 1U << static_cast<std::uint32_t>(kind);
}

static_assert(kOpKindCount <= 32);

/** What an observer wants to hear of: calling one that does nothing costs, at every step. */
struct Interest
{
    /** OpBit() of each kind of operation; that of kAccess is looked at when the observer is added.
     */
    std::uint32_t ops = ~0U;
    /** ClassBit() of each class of objects whose every operation is wanted. */
    std::uint64_t classes = 0;
    // Looked at when the observer is added.
    bool effects = false;
    bool switches = true;
    bool choices = true;

    /** A bit for a class of objects, which the last one shares with all that come after it. */
    static constexpr std::uint64_t ClassBit(std::uint32_t type)
    {
        return std::uint64_t{1} << (type < 63 ? type : 63);
    }

    bool Hears(OpKind kind, ObjectId object) const
    {
        return (ops & OpBit(kind)) != 0 || (classes & ClassBit(object.type)) != 0;
    }
};

/**
 * Sees everything that happens, in the order in which it happens: digests, recorders, diagrams and
 * checkers. It is called on the stack of whoever acts; it may call Engine::Report() but no other
 * member of the engine that changes anything.
 */
class Observer
{
  public:
    Observer() = default;
    explicit Observer(const Interest& interest)
        : m_interest(interest)
    {
    }
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    /** @p event.task executes @p event.op now. */
    virtual void OnOp(const OpEvent& /*event*/)
    {
    }

    const Interest& Wants() const
    {
        return m_interest;
    }

    /**
     * @p task reads or writes @p field, without a choice before it: OpKind::kAccess, for those who
     * want that. Apart from OnOp(), which hears of it unless this is overridden, because there are
     * as many of these as of everything else together.
     * @param site as in Op.
     */
    virtual void OnAccess(const Engine& engine,
                          const Task& task,
                          ObjectId field,
                          bool write,
                          const char* site);

    /** Something has been done; comes after the operation that announced it, if there was one. */
    virtual void OnEffect(const Effect& /*effect*/)
    {
    }

    // EffectKind::kLocked and kUnlocked, for those who want effects: apart from OnEffect(), which
    // hears of them unless these are overridden, because they are half of all effects.

    /** @p task owns @p mutex, an address as in Effect, which is @p object. */
    virtual void OnLocked(const Engine& engine,
                          const Task& task,
                          const void* mutex,
                          ObjectId object);
    /** It does no longer. */
    virtual void OnUnlocked(const Engine& engine,
                            const Task& task,
                            const void* mutex,
                            ObjectId object);

    /** Control passes between contexts; either may be Engine::MainTask(). */
    virtual void OnSwitch(const Task& /*from*/, const Task& /*to*/)
    {
    }

    /** The Chooser was asked and answered @p chosen. */
    virtual void OnChoice(ChoicePoint& /*point*/, std::uint32_t /*chosen*/)
    {
    }

  protected:
    /** Operations on objects of these classes are wanted from now on, whatever their kind. */
    void WantClasses(std::uint64_t classes)
    {
        m_interest.classes = classes;
    }

  private:
    Interest m_interest;
};

} // namespace interleave

#endif // INTERLEAVE_OBSERVER_H
