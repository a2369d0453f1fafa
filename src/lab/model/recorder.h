// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_RECORDER_H
#define LAB_RECORDER_H

#include "ib-wire/model/mad.h"
#include "ibcm/model/trace.h"
#include "interleave/helper/digest-observer.h"
#include "interleave/model/check/key-table.h"
#include "interleave/model/engine.h"
#include "lab/model/adversary.h"
#include "lab/model/run-record.h"
#include "lab/model/step-coverage.h"
#include "lab/model/wiretap.h"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab
{

/** "REQ" and so on for a CM message; what MadKindName says for anything else. */
std::string MessageName(const ibwire::MadBytes& mad);

/**
 * Writes down what happens in a run, and mixes it into the run's digest. What it keeps outlives the
 * run's memory, whoever calls.
 */
class Recorder
{
  public:
    /** @param keep whether the lists are filled; the counters always are. */
    Recorder(interleave::Engine& engine, RunRecord& record, interleave::Digest& digest, bool keep);

    /** For what is to come: whether the lists are filled, and the digest is. */
    void Keep(bool lists, bool digest)
    {
        m_keep = lists;
        m_mix = digest;
    }

    /** Counts the steps and the messages of all runs to come in @p coverage, not owned; null:
     * nowhere. */
    void CountSteps(StepCoverage* coverage)
    {
        m_coverage = coverage;
    }

    /** Who hears each message that is sent, in all runs to come; not owned, null: nobody. */
    void TapWire(Wiretap* tap)
    {
        m_tap = tap;
    }

    /** Another run begins; the record and the digest are their owner's. */
    void Rewind()
    {
        m_directions.clear();
        m_sentBefore.Clear();
    }

    /** A host hands a MAD to its port. */
    void Sent(const std::string& from, const std::string& to, const ibwire::MadBytes& mad);
    /** What the adversary has made of it. */
    void Decided(const std::string& from,
                 const std::string& to,
                 const ibwire::MadBytes& mad,
                 const Fate& fate);
    /** A worker of @p to begins to handle it. */
    void Received(const std::string& from, const std::string& to, const ibwire::MadBytes& mad);
    /** A host asks the subnet administrator. */
    void CountQuery()
    {
        ++m_record.mads;
    }

    void Stepped(const std::string& host, const ibcm::TransitionTrace& step);
    /** An input that did not change the state of its id. */
    void Stayed(const ibcm::TransitionTrace& step);
    void Note(const std::string& host, const std::string& peer, std::string_view text);

  private:
    /** Messages of one direction whose fate or arrival is still open, oldest first. */
    struct Direction
    {
        std::deque<std::size_t> undecided;
        std::deque<std::size_t> underWay;
    };

    struct Before
    {
        bool seen{false};
    };

    Direction& DirectionOf(const std::string& from, const std::string& to);
    void NoteSent(const std::string& from, const std::string& to, const ibwire::MadBytes& mad);
    void CountSent(const std::string& from, const ibwire::MadBytes& mad);

    interleave::Engine& m_engine;
    RunRecord& m_record;
    interleave::Digest& m_digest;
    bool m_keep;
    bool m_mix{true};
    StepCoverage* m_coverage{nullptr};
    Wiretap* m_tap{nullptr};
    interleave::KeyTable<Before> m_sentBefore; ///< for the coverage: by sender and contents
    std::map<std::pair<std::string, std::string>, Direction> m_directions;
};

/** One host's Trace. */
class HostTrace final : public ibcm::Trace
{
  public:
    HostTrace(Recorder& recorder, std::string host)
        : m_recorder(recorder),
          m_host(std::move(host))
    {
    }

    void OnTransition(const ibcm::TransitionTrace& step) override
    {
        m_recorder.Stepped(m_host, step);
    }

    void OnStay(const ibcm::TransitionTrace& step) override
    {
        m_recorder.Stayed(step);
    }

  private:
    Recorder& m_recorder;
    const std::string m_host;
};

} // namespace lab

#endif /* LAB_RECORDER_H */
