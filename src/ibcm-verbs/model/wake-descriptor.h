// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_WAKE_DESCRIPTOR_H
#define IBCM_VERBS_WAKE_DESCRIPTOR_H

namespace cmverbs
{

/** Ends another thread's wait for a file descriptor. Any thread. */
class WakeDescriptor
{
  public:
    WakeDescriptor();
    ~WakeDescriptor();

    WakeDescriptor(const WakeDescriptor&) = delete;
    WakeDescriptor& operator=(const WakeDescriptor&) = delete;

    /** All waits end from now on, those under way with them. */
    void Wake();

    /**
     * Waits until @p descriptor is readable or broken.
     * @return false if it was woken, which comes first.
     */
    bool WaitFor(int descriptor) const;

  private:
    int m_descriptor;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_WAKE_DESCRIPTOR_H */
