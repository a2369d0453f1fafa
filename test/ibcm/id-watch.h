// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which references a thread holds to an id, and whether it has had its lock.
#ifndef WEFT_TEST_IBCM_ID_WATCH_H
#define WEFT_TEST_IBCM_ID_WATCH_H

#include "ibcm/helper/step-runtime.h"
#include "ibcm/model/cm-id.h"

#include <cstddef>
#include <functional>

namespace ibcm::test
{

/** Follows what the second thread (number 2) of a StepRuntime does to one id; hands all else on. */
class IdWatch final : public Observer
{
  public:
    explicit IdWatch(StepRuntime& runtime)
        : m_runtime(runtime),
          m_next(*runtime.GetObserver())
    {
        runtime.SetObserver(this);
    }

    ~IdWatch() override
    {
        m_runtime.SetObserver(&m_next);
    }

    IdWatch(const IdWatch&) = delete;
    IdWatch& operator=(const IdWatch&) = delete;

    /** The id that @p lookUp looks up. */
    void Follow(const std::function<void()>& lookUp)
    {
        m_learning = true;
        lookUp();
        m_learning = false;
        m_references = 0;
        m_touched = false;
        m_erased = false;
    }

    /** The second thread holds a reference to it. */
    bool Held() const
    {
        return m_references > 0;
    }

    /** The second thread has had its lock. */
    bool Touched() const
    {
        return m_touched;
    }

    /** It is in no table any more. */
    bool Erased() const
    {
        return m_erased;
    }

    void OnSync(SyncKind kind, const void* object, const char* site) override
    {
        if (m_learning && kind == SyncKind::kReferenceGet)
        {
            m_object = object;
        }
        if (object == m_object && m_runtime.CurrentThread() == 2)
        {
            m_references += kind == SyncKind::kReferenceGet   ? 1
                            : kind == SyncKind::kReferencePut ? -1
                                                              : 0;
        }
        m_erased = m_erased || (object == m_object && kind == SyncKind::kUnpublish);
        m_next.OnSync(kind, object, site);
    }

    void OnAccess(const void* field, const char* name, bool write) override
    {
        const auto* begin = static_cast<const std::byte*>(m_object);
        const auto* byte = static_cast<const std::byte*>(field);
        const bool inside =
            std::less_equal<>()(begin, byte) && std::less<>()(byte, begin + sizeof(CmId));
        m_touched = m_touched || (inside && m_runtime.CurrentThread() == 2);
        m_next.OnAccess(field, name, write);
    }

    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override
    {
        m_next.OnMade(objectClass, ordinal, object, bytes);
    }

    void OnFreed(const void* object) override
    {
        m_next.OnFreed(object);
    }

    void OnViolation(const char* invariant, const void* object, const char* what) override
    {
        m_next.OnViolation(invariant, object, what);
    }

  private:
    StepRuntime& m_runtime;
    Observer& m_next;
    const void* m_object{nullptr};
    int m_references{0};
    bool m_touched{false};
    bool m_erased{false};
    bool m_learning{false};
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_ID_WATCH_H
