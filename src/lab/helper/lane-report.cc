// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/lane-report.h"

#include "interleave/helper/replay-chooser.h"
#include "interleave/model/search/explain.h"
#include "lab/helper/lane-drawing.h"
#include "lab/helper/lane-rows.h"

#include <utility>

namespace lab
{

std::string LaneReport(const std::vector<LaneStep>& steps,
                       const std::string& end,
                       const LaneOptions& options)
{
    if (steps.empty())
    {
        return "Nothing happened in any task.\n";
    }
    const std::vector<LaneRow> rows = LaneRows(steps, options.marks, options.mostRows);
    std::string text = LaneDrawing(steps, rows, options.width, options.colour).Text();
    if (!end.empty())
    {
        text +=
            Inked(CutTo("✗ " + Printable(end), options.width), Ink::kBad, options.colour) + "\n";
    }
    return text;
}

std::string LaneReportOf(LabProgram& program,
                         const interleave::DecisionLog& log,
                         const LaneOptions& options)
{
    interleave::ReplayChooser replay(log);
    LaneRecorder recorder;
    interleave::Engine& engine = program.GetEngine();
    program.Detail(true);
    engine.AddObserver(recorder);
    const interleave::RunResult result = program.Run(replay);
    engine.RemoveObserver(recorder);
    engine.Reset();
    program.Detail(false);
    std::vector<LaneStep> steps = recorder.Take();
    NameMessages(steps, program.Record().messages);
    std::string end;
    if (result.violation)
    {
        end =
            interleave::ViolationKindText(result.violation->kind) + (": " + result.violation->text);
        end = end.substr(0, end.find('\n'));
    }
    return LaneReport(steps, end, options);
}

std::string LaneReportOf(const Scenario& scenario,
                         const interleave::DecisionLog& log,
                         LaneOptions options)
{
    const auto program = LabProgram::Make(scenario);
    if (!program)
    {
        return "no lanes: " + program.error().Text() + "\n";
    }
    const auto explanation = interleave::Explain(**program, log);
    if (explanation && explanation->pair)
    {
        options.marks = {explanation->pair->first.step, explanation->pair->second.step};
    }
    return LaneReportOf(**program, log, options);
}

} // namespace lab
