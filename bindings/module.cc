// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The extension module behind the Python package `weft`; what users see is in weft/__init__.py.
#include "lab/model/scenario.h"
#include "lab/model/world.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace py = pybind11;

namespace
{

/** Carries an InputError through pybind11, which turns it into weft.InputError. */
struct InputErrorException
{
    lab::InputError error;
};

template <class T>
T ValueOrThrow(tl::expected<T, lab::InputError> result)
{
    if (!result)
    {
        throw InputErrorException{result.error()};
    }
    return std::move(*result);
}

std::string HexOf(std::uint64_t value)
{
    char text[17];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
    return text;
}

interleave::DecisionLog ReadLog(const std::string& path)
{
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    if (!in)
    {
        throw InputErrorException{{path, 0, "a file that cannot be read", "a decision log"}};
    }
    auto log = interleave::DecisionLog::Parse(text.str());
    if (!log)
    {
        throw InputErrorException{{path, log.error().line, log.error().text, "a decision log"}};
    }
    return std::move(*log);
}

lab::RunRecord Run(const lab::Scenario& scenario,
                   std::optional<std::uint64_t> seed,
                   const std::string& pcap,
                   const std::string& trace,
                   const std::string& replay)
{
    lab::RunOptions options;
    options.seed = seed;
    options.pcapFile = pcap;
    options.traceFile = trace;
    interleave::DecisionLog log;
    if (!replay.empty())
    {
        log = ReadLog(replay);
        options.replay = &log;
    }
    // Other Python threads go on; the simulation calls none back.
    const py::gil_scoped_release release;
    return ValueOrThrow(lab::RunScenario(scenario, options));
}

void BindRecords(py::module_& module)
{
    using namespace lab;
    py::class_<MadRecord>(module, "Message", "A CM message on its way between two hosts.")
        .def_readonly("sent_ns", &MadRecord::sentNs)
        .def_readonly("received_ns", &MadRecord::receivedNs, "-1 if it never arrived")
        .def_readonly("sender", &MadRecord::from)
        .def_readonly("receiver", &MadRecord::to)
        .def_readonly("kind", &MadRecord::kind, "'REQ', 'REP', ...")
        .def_readonly("fate", &MadRecord::fate, "'' if it was delivered as it was")
        .def_readonly("retransmission", &MadRecord::retransmission)
        .def_property_readonly(
            "mad",
            [](const MadRecord& self) {
                return py::bytes(reinterpret_cast<const char*>(self.bytes.data()),
                                 self.bytes.size());
            },
            "the 256 bytes")
        .def("__repr__",
             [](const MadRecord& self)
             {
                 return "<Message " + self.kind + " " + self.from + "->" + self.to + " at " +
                        FormatTime(self.sentNs) + (self.fate.empty() ? "" : ", " + self.fate) + ">";
             });
    py::class_<StateRecord>(module, "StateChange", "A step of a communication id's state machine.")
        .def_readonly("at_ns", &StateRecord::atNs)
        .def_readonly("host", &StateRecord::host)
        .def_readonly("comm_id", &StateRecord::commId)
        .def_readonly("remote_comm_id", &StateRecord::remoteCommId)
        .def_readonly("before", &StateRecord::from)
        .def_readonly("after", &StateRecord::to)
        .def_readonly("cause", &StateRecord::cause)
        .def("__repr__",
             [](const StateRecord& self)
             {
                 return "<StateChange " + self.host + " " + self.from + "->" + self.to + " on " +
                        self.cause + ">";
             });
    py::class_<NoteRecord>(module, "Note", "Anything else that happened: data, failures.")
        .def_readonly("at_ns", &NoteRecord::atNs)
        .def_readonly("host", &NoteRecord::host)
        .def_readonly("peer", &NoteRecord::peer)
        .def_readonly("text", &NoteRecord::text)
        .def("__repr__",
             [](const NoteRecord& self) { return "<Note " + self.host + ": " + self.text + ">"; });
    py::class_<ConnectRecord>(module, "Connection", "How a connection of the scenario ended.")
        .def_readonly("name", &ConnectRecord::name)
        .def_readonly("sender", &ConnectRecord::from)
        .def_readonly("receiver", &ConnectRecord::to)
        .def_readonly("outcome", &ConnectRecord::outcome)
        .def_readonly("reject_reason", &ConnectRecord::rejectReason)
        .def_readonly("started_ns", &ConnectRecord::startedNs)
        .def_readonly("established_ns", &ConnectRecord::establishedNs)
        .def_readonly("ended_ns", &ConnectRecord::endedNs)
        .def("__repr__",
             [](const ConnectRecord& self)
             { return "<Connection " + self.name + ": " + self.outcome + ">"; });
    py::class_<ViolationRecord>(module, "Violation", "A broken expectation or promise.")
        .def_readonly("kind", &ViolationRecord::kind)
        .def_readonly("text", &ViolationRecord::text)
        .def("__repr__",
             [](const ViolationRecord& self)
             { return "<Violation " + self.kind + ": " + self.text + ">"; });
}

void BindResult(py::module_& module)
{
    using lab::RunRecord;
    py::class_<RunRecord>(module, "Result", "What happened in a run, in the order in which it did.")
        .def_readonly("scenario", &RunRecord::scenarioName)
        .def_readonly("seed", &RunRecord::seed)
        .def_readonly("switches", &RunRecord::switches)
        .def_readonly("channel_adapters", &RunRecord::channelAdapters)
        .def_readonly("links", &RunRecord::links)
        .def_readonly("subnet_up_ns", &RunRecord::subnetUpNs)
        .def_readonly("smps", &RunRecord::smps)
        .def_readonly("mads", &RunRecord::mads)
        .def_readonly("simulated_ns", &RunRecord::simulatedNs)
        .def_readonly("wall_seconds", &RunRecord::wallSeconds)
        .def_property_readonly(
            "digest",
            [](const RunRecord& self) { return HexOf(self.digest); },
            "16 hexadecimal digits; equal for equal runs")
        .def_readonly("messages", &RunRecord::messages)
        .def_readonly("states", &RunRecord::states)
        .def_readonly("notes", &RunRecord::notes)
        .def_readonly("connections", &RunRecord::connects)
        .def_readonly("violations", &RunRecord::violations)
        .def_readonly("unused_decisions", &RunRecord::unusedDecisions)
        .def_readonly("decisions", &RunRecord::decisions)
        .def_property_readonly("passed",
                               [](const RunRecord& self) { return self.violations.empty(); })
        .def("__repr__",
             [](const RunRecord& self)
             {
                 return "<Result of '" + self.scenarioName +
                        "': " + std::to_string(self.messages.size()) + " messages, " +
                        std::to_string(self.violations.size()) + " violations, digest " +
                        HexOf(self.digest) + ">";
             });
}

} // namespace

PYBIND11_MODULE(_weft, module)
{
    module.doc() = "Weft's simulator; use the package weft.";
    static py::exception<InputErrorException> inputError(module, "InputError", PyExc_ValueError);
    inputError.attr("__doc__") = "A scenario, fabric or decision log is wrong: file, line, found, "
                                 "expected say where and how.";
    py::register_exception_translator(
        [](std::exception_ptr thrown)
        {
            try
            {
                if (thrown)
                {
                    std::rethrow_exception(thrown);
                }
            }
            catch (const InputErrorException& exception)
            {
                const lab::InputError& error = exception.error;
                // Called as the class that it is: its own call operator only takes a message and
                // raises.
                const py::object instance =
                    static_cast<const py::object&>(inputError)(error.Text());
                instance.attr("file") = error.file;
                instance.attr("line") = error.line;
                instance.attr("found") = error.found;
                instance.attr("expected") = error.expected;
                PyErr_SetObject(inputError.ptr(), instance.ptr());
            }
        });
    BindRecords(module);
    BindResult(module);
    module.def(
        "run_file",
        [](const std::string& path,
           std::optional<std::uint64_t> seed,
           const std::string& pcap,
           const std::string& trace,
           const std::string& replay)
        { return Run(ValueOrThrow(lab::ReadScenario(path)), seed, pcap, trace, replay); },
        py::arg("path"),
        py::arg("seed"),
        py::arg("pcap"),
        py::arg("trace"),
        py::arg("replay"));
    module.def(
        "run_text",
        [](const std::string& text,
           const std::string& file,
           std::optional<std::uint64_t> seed,
           const std::string& pcap,
           const std::string& trace,
           const std::string& replay)
        { return Run(ValueOrThrow(lab::ParseScenario(text, file)), seed, pcap, trace, replay); },
        py::arg("text"),
        py::arg("file"),
        py::arg("seed"),
        py::arg("pcap"),
        py::arg("trace"),
        py::arg("replay"));
    module.def("format_time", &lab::FormatTime, py::arg("nanoseconds"));
}
