// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SHARED_OBJECTS_H
#define LAB_SHARED_OBJECTS_H

#include "interleave/model/engine.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lab
{

/**
 * Names what a core shares between its threads: from an address to the engine's object and field.
 * Addresses are only looked up; in everything that is shown or decided there are ordinals.
 *
 * A freed object keeps its name until another one is made at its place, so that a late access to it
 * can be told from one to something unknown.
 */
class SharedObjects
{
  public:
    explicit SharedObjects(interleave::Engine& engine)
        : m_engine(engine)
    {
    }

    /** An object of @p bytes bytes begins its life. */
    interleave::ObjectId Made(const char* objectClass, const void* object, std::size_t bytes);

    /** It ends. @return its name; none if it was not made. */
    interleave::ObjectId Freed(const void* object);

    /** The object that begins, or began, at this address; none if there never was one. */
    interleave::ObjectId ObjectAt(const void* object);

    /** What an access is about. */
    struct Field
    {
        interleave::ObjectId id; ///< "cm_id.state:2"; the object itself if that is dead
        bool dead{false};        ///< the object that it belongs to was freed
    };

    /**
     * The field called @p name (a literal) at @p address: "CLASS.name" with the ordinal of the
     * object that it is part of, or "name" with its own ordinal if it is part of none.
     */
    Field FieldAt(const void* address, const char* name)
    {
        const auto number = reinterpret_cast<std::uintptr_t>(address);
        if (m_latest.Holds(number)) [[likely]]
        {
            return FieldOf(m_latest, name);
        }
        return Search(number, name);
    }

    /** Made and not freed. */
    std::size_t Live() const
    {
        return m_live;
    }

  private:
    struct Range
    {
        std::uintptr_t begin{0};
        std::uintptr_t end{0};
        interleave::ObjectId id;
        bool dead{false};

        bool Holds(std::uintptr_t address) const
        {
            return begin <= address && address < end;
        }
    };

    struct Single
    {
        std::uintptr_t address{0};
        interleave::ObjectId id;
        bool covered{false}; ///< an object was made there
    };

    std::size_t IndexAfter(std::uintptr_t address) const;
    Field FieldOf(const Range& range, const char* name)
    {
        return range.dead
                   ? Field{range.id, true}
                   : Field{{m_engine.PartClassOf(range.id.type, name), range.id.ordinal}, false};
    }
    Field Search(std::uintptr_t address, const char* name);
    interleave::ObjectId SingleAt(std::uintptr_t address, const char* name);

    interleave::Engine& m_engine;
    std::vector<Range> m_ranges;   ///< ascending, not overlapping
    Range m_latest;                ///< that was asked for last: one asks in bursts
    std::vector<Single> m_singles; ///< fields of no object; there are few
    std::size_t m_live{0};
};

} // namespace lab

#endif /* LAB_SHARED_OBJECTS_H */
