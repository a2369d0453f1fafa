// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_CHOOSER_H
#define INTERLEAVE_CHOOSER_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace interleave
{

class Engine;
struct RunResult;

/** What is being chosen. */
enum class ChoiceKind : std::uint8_t
{
    kSchedule, //!< which task does its next operation; the point is a SchedulePoint
    kTie,      //!< which of several events at one instant comes first
    kFault,    //!< what happens to a message, a link, a host
    kValue,    //!< anything else: a drawn number, a skew
};

/**
 * Identity of a place within one run: two choice points are at the same place exactly if their keys
 * are equal, and then their Place() texts are equal too. The high bits of `high` are the kind, see
 * MakePlaceKey(), so that the keys of different owners cannot meet.
 */
struct PlaceKey
{
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend bool operator==(const PlaceKey&, const PlaceKey&) = default;
};

/** A key of @p kind; @p high may use 56 bits, @p low all 64. */
constexpr PlaceKey MakePlaceKey(ChoiceKind kind, std::uint64_t high, std::uint64_t low)
{
    return {(static_cast<std::uint64_t>(kind) << 56) | (high & 0x00ff'ffff'ffff'ffffULL), low};
}

/** A key of @p kind for owners whose places are known by their text only (104 bits of hash). */
PlaceKey PlaceKeyOf(ChoiceKind kind, std::string_view text);

/**
 * Where a choice is made, in words: "before #n after", n being the how-manieth time the place comes
 * up in the run. The words must not contain line breaks, a word "->" or a word "#<digits>".
 */
struct PlaceText
{
    std::string before;
    std::string after;

    /** The place with its occurrence, as a decision log writes it. */
    std::string WithOccurrence(std::uint64_t n) const;
    /** The place without the occurrence: what identifies it. */
    std::string Name() const;
};

/**
 * One question to the Chooser: `Count()` options, of which 0 is always the dull one. Points live on
 * the stack of whoever asks; text is made only when somebody wants to read it.
 */
class ChoicePoint
{
  public:
    ChoicePoint(ChoiceKind kind, PlaceKey key, std::uint32_t count)
        : m_count(count),
          m_kind(kind),
          m_key(key)
    {
    }

    ChoicePoint(const ChoicePoint&) = delete;
    ChoicePoint& operator=(const ChoicePoint&) = delete;
    virtual ~ChoicePoint() = default;

    ChoiceKind Kind() const
    {
        return m_kind;
    }

    virtual PlaceKey Key() const
    {
        return m_key;
    }

    /** Number of options, at least 1. */
    std::uint32_t Count() const
    {
        return m_count;
    }

    virtual PlaceText Place() const = 0;

    /** Text of option @p option (0 .. Count()-1, or what FindOption() has returned). */
    virtual std::string OptionText(std::uint32_t option) const = 0;

    /**
     * The option that @p text names, or nullopt when there is none here. An owner may accept more
     * texts than it lists (a delay of any length, say): it then keeps the parameter itself and
     * returns a number of its own, possibly Count() or more.
     */
    virtual std::optional<std::uint32_t> FindOption(std::string_view text);

  protected:
    /** For a point that overrides Key(), because most choosers do not ask. */
    ChoicePoint(ChoiceKind kind, std::uint32_t count)
        : m_count(count),
          m_kind(kind)
    {
    }

  private:
    std::uint32_t m_count;
    ChoiceKind m_kind;
    PlaceKey m_key;
};

/**
 * Decides everything that could happen in more than one way. A strategy is nothing but a Chooser.
 *
 * Choose() is called on whatever stack asks, never concurrently, and must not call the engine back.
 */
class Chooser
{
  public:
    Chooser() = default;
    Chooser(const Chooser&) = delete;
    Chooser& operator=(const Chooser&) = delete;
    virtual ~Chooser() = default;

    /**
     * True if Choose() would return 0 for ever. The engine then builds no choice points at all.
     * Read once, when a run begins.
     */
    virtual bool Passive() const
    {
        return false;
    }

    /** A run begins: at the first Engine::Run() after construction or Reset(). */
    virtual void BeginRun(const Engine& /*engine*/)
    {
    }

    /**
     * The answer to @p point, 0 .. Count()-1 (the engine throws std::logic_error for anything else
     * at its own points). Every visible operation is shown, also those with one
     * option only, so that occurrences count the same whatever other tasks do.
     */
    virtual std::uint32_t Choose(ChoicePoint& point) = 0;

    /** The run is over: called by Engine::Reset() with what Run() returned last. */
    virtual void EndRun(const RunResult& /*result*/)
    {
    }
};

/** A Chooser that may leave a choice to somebody else (rules, a replay). */
class PartialChooser : public Chooser
{
  public:
    /** The answer, or nullopt to leave it to the next. */
    virtual std::optional<std::uint32_t> Try(ChoicePoint& point) = 0;

    std::uint32_t Choose(ChoicePoint& point) override
    {
        return Try(point).value_or(0);
    }
};

} // namespace interleave

#endif // INTERLEAVE_CHOOSER_H
