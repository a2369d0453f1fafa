// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_ANNOTATIONS_H
#define IBCM_ANNOTATIONS_H

/**
 * @file
 * Clang's thread-safety annotations, empty for other compilers. `./weft lint thread-safety` proves
 * with them that nothing a lock protects is touched without it.
 */

#if defined(__clang__)
#define IBCM_ANNOTATE(x) __attribute__((x))
#else
#define IBCM_ANNOTATE(x)
#endif

#define IBCM_CAPABILITY(name) IBCM_ANNOTATE(capability(name))
#define IBCM_SCOPED_CAPABILITY IBCM_ANNOTATE(scoped_lockable)
#define IBCM_GUARDED_BY(lock) IBCM_ANNOTATE(guarded_by(lock))
#define IBCM_PT_GUARDED_BY(lock) IBCM_ANNOTATE(pt_guarded_by(lock))
#define IBCM_ACQUIRED_BEFORE(...) IBCM_ANNOTATE(acquired_before(__VA_ARGS__))
#define IBCM_ACQUIRE(...) IBCM_ANNOTATE(acquire_capability(__VA_ARGS__))
#define IBCM_RELEASE(...) IBCM_ANNOTATE(release_capability(__VA_ARGS__))
#define IBCM_REQUIRES(...) IBCM_ANNOTATE(requires_capability(__VA_ARGS__))
#define IBCM_EXCLUDES(...) IBCM_ANNOTATE(locks_excluded(__VA_ARGS__))
#define IBCM_ASSERT_CAPABILITY(...) IBCM_ANNOTATE(assert_capability(__VA_ARGS__))
#define IBCM_RETURN_CAPABILITY(x) IBCM_ANNOTATE(lock_returned(x))
/** Each use carries a comment that says why the analysis cannot follow. */
#define IBCM_NO_THREAD_SAFETY_ANALYSIS IBCM_ANNOTATE(no_thread_safety_analysis)

#endif /* IBCM_ANNOTATIONS_H */
