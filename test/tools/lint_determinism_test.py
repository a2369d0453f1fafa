# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What would make two runs of one log differ."""

import pytest

from lint import determinism

FILE = "src/lab/model/a.cc"


@pytest.mark.parametrize("line", [
    "std::random_device device;",
    "int x = rand();",
    "std::srand(7);",
    "long x = random();",
    "auto t = time(nullptr);",
    "auto t = ::time(0);",
    "auto t = std::time(&now);",
    "clock_gettime(CLOCK_MONOTONIC, &t);",
    "gettimeofday(&t, nullptr);",
    "auto t = std::chrono::steady_clock::now();",
    "using Clock = std::chrono::system_clock;",
    "thread_local int depth = 0;",
    "std::uniform_int_distribution<int> d(0, 5);",
    "std::normal_distribution<double> d;",
    "std::shuffle(v.begin(), v.end(), g);",
    "std::ranges::shuffle(v, g);",
    "getrandom(buffer, 16, 0);",
    "std::map<Node*, int> m;",
    "std::set<const Node*> s;",
    "std::map<Ptr<Node>, int> m;",
    "std::set<std::shared_ptr<Node>> s;",
    "std::hash<Node*> h;",
    "std::less<const ns3::Node*> l;",
    "std::mutex m;",
    "std::thread t;",
])
def test_banned(said, line):
    assert said(determinism.check, {FILE: "// one\n" + line + "\n"}) == [FILE + ":2"]


@pytest.mark.parametrize("line", [
    "// std::random_device is banned here",
    "/* rand() */ int x = 0;",
    'Log("rand() and std::shuffle");',
    'auto t = R"(std::random_device)";',
    "int operand(int x);",
    "auto t = LifeTime(0);",
    "auto t = event.time();",
    "auto t = m_clock.time(nullptr);",
    "Time time{0};",
    "std::chrono::nanoseconds delay{5};",
    "std::map<int, Node*> byOrdinal;",
    "std::vector<Node*> nodes;",
    "std::map<std::string, Ptr<Node>> named;",
    "Shuffle(v, random);",
    "int threadLocal = 0;",
    "std::this_thread_is_not_it();",
    "auto big = 1'000'000; int rows = 'x';",
])
def test_near_miss(said, line):
    assert said(determinism.check, {FILE: line + "\n"}) == []


def test_replacement_is_named(plant):
    tree = plant({FILE: "std::random_device device;\n"})
    message = next(iter(determinism.check(tree))).message
    assert "std::random_device" in message and "interleave/model/random.h" in message


def test_hardware_part_is_exempt(said):
    assert said(determinism.check, {"src/ibcm-verbs/a.cc": "std::mutex m;\n"}) == []


MEMBER = "class A {\n    std::unordered_map<int, std::vector<int>> m_byId;\n};\n"


@pytest.mark.parametrize("loop", [
    "for (const auto& [id, value] : m_byId)\n{\n}\n",
    "for (auto& entry : this->m_byId)\n{\n}\n",
    "for (auto it = m_byId.begin(); it != m_byId.end(); ++it)\n{\n}\n",
    "std::vector<int> ids(m_byId.cbegin(), m_byId.cend());\n",
])
def test_iteration_in_source_of_member_in_header(said, loop):
    files = {"src/lab/model/a.h": MEMBER, FILE: "// one\n" + loop}
    assert said(determinism.check, files) == [FILE + ":2"]


def test_iteration_over_alias(said):
    text = ("using Index = std::unordered_set<int>;\nIndex m_index;\n"
            "void F()\n{\n    for (int id : m_index)\n    {\n    }\n}\n")
    assert said(determinism.check, {FILE: text}) == [FILE + ":5"]


@pytest.mark.parametrize("code", [
    "auto it = m_byId.find(3); if (it == m_byId.end()) { }\n",
    "for (int id : m_order) { Use(m_byId.at(id)); }\n",
    "for (const auto& [id, value] : m_sorted)\n{\n    m_byId.erase(id);\n}\n",
])
def test_lookup_is_no_iteration(said, code):
    assert said(determinism.check, {"src/lab/model/a.h": MEMBER, FILE: code}) == []


@pytest.mark.parametrize("text", [
    "auto t = time(nullptr); // weft-lint: allow(determinism): wall time for the summary\n",
    "// weft-lint: allow(determinism): wall time for the summary\nauto t = time(nullptr);\n",
])
def test_waiver(said, text):
    assert said(determinism.check, {FILE: text}) == []


@pytest.mark.parametrize("text, lines", [
    ("auto t = time(nullptr); // weft-lint: allow(determinism)\n", [1, 1]),
    ("auto t = time(nullptr); // weft-lint: allow(determinism):\n", [1, 1]),
    ("int x; // weft-lint: allow(everything): because\n", [1]),
    # A waiver behind code is for its own line only.
    ("int x; // weft-lint: allow(determinism): because\nauto t = time(nullptr);\n", [2]),
])
def test_waiver_without_reason_or_effect(said, text, lines):
    assert said(determinism.check, {FILE: text}) == ["%s:%d" % (FILE, n) for n in lines]


@pytest.mark.parametrize("line", [
    "Use(id.state.Read(), id.lapState.Read());",
    "Use(id.state.Read(), Other(1, id.peer.Write()));",
    "Use(list{a->state.Read()}, b->state.Read());",
])
def test_order_of_arguments(said, line):
    assert said(determinism.check, {FILE: "// one\n" + line + "\n"}) == [FILE + ":2"]


@pytest.mark.parametrize("line", [
    "Use(id.state.Read(), true); Use(id.peer.Read(), false);",
    "Pair pair{id.state.Read(), id.lapState.Read()};",
    "if (id.state.Read() == kIdle && Use(id.peer.Read(), 1)) {}",
    "for (auto state = id.state.Read(); Use(1, 2); state = id.state.Read()) {}",
    "Run([&] { Use(id.state.Read()); Use(id.peer.Read()); }, 1);",
])
def test_order_that_is_given(said, line):
    assert said(determinism.check, {FILE: line + "\n"}) == []
