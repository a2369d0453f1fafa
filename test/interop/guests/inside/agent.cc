// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// Runs programs in a guest for those outside. One TCP connection is one program: the first frame is
// the shell's command line, later ones are its input; back come output, errors and the exit status.
// A frame is a letter, the length as four bytes (big endian), and so many bytes. When the
// connection ends before the program does, the program and its children are killed.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace
{

constexpr std::uint16_t kPort = 7777;
constexpr std::size_t kHead = 5;
constexpr std::size_t kPiece = 65536;
constexpr unsigned kLingerSeconds = 20;

enum Frame : char
{
    kCommand = 'C',
    kInput = 'I',  // empty: the end of the input
    kSignal = 'K', // a number as text, for the program and its children
    kOutput = 'O',
    kErrors = 'E',
    kExit = 'X', // as the shell has it: 128 + signal
};

void WriteAll(int file, const char* bytes, std::size_t count)
{
    while (count > 0)
    {
        const ssize_t written = write(file, bytes, count);
        if (written < 0)
        {
            if (errno == EINTR)
            {
                continue;
            }
            return; // the other side is gone, which reading will tell
        }
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
}

void SendFrame(int connection, Frame kind, const char* bytes, std::size_t count)
{
    std::array<char, kHead> head{kind};
    const std::uint32_t length = htonl(static_cast<std::uint32_t>(count));
    std::memcpy(&head[1], &length, sizeof length);
    WriteAll(connection, head.data(), head.size());
    WriteAll(connection, bytes, count);
}

struct Pipe
{
    int read{-1};
    int write{-1};

    Pipe()
    {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) == 0)
        {
            read = ends[0];
            write = ends[1];
        }
    }
};

void Close(int& file)
{
    if (file >= 0)
    {
        close(file);
    }
    file = -1;
}

// One connection and its program.
class Session
{
  public:
    explicit Session(int connection)
        : m_connection(connection)
    {
    }

    [[noreturn]] void Run();

  private:
    bool ReadConnection();
    void TakeFrames();
    void Take(char kind, const std::string& body);
    void Start(const std::string& command);
    void WriteInput();
    bool Pass(int& from, Frame kind);
    [[noreturn]] void Finish();

    int m_connection;
    int m_input{-1};
    int m_output{-1};
    int m_errors{-1};
    int m_exit{-1}; // becomes readable when the program ends
    pid_t m_program{0};
    std::string m_received; // from the connection, not yet a whole frame
    std::string m_pending;  // the program's input that does not fit into its pipe
    bool m_inputEnds{false};
};

void Session::Run()
{
    while (true)
    {
        std::array<pollfd, 5> files{{{m_connection, POLLIN, 0},
                                     {m_pending.empty() ? -1 : m_input, POLLOUT, 0},
                                     {m_output, POLLIN, 0},
                                     {m_errors, POLLIN, 0},
                                     {m_exit, POLLIN, 0}}};
        if (poll(files.data(), files.size(), -1) < 0)
        {
            continue;
        }
        if (files[1].revents != 0)
        {
            WriteInput();
        }
        if (files[2].revents != 0)
        {
            Pass(m_output, kOutput);
        }
        if (files[3].revents != 0)
        {
            Pass(m_errors, kErrors);
        }
        if (files[4].revents != 0)
        {
            Finish();
        }
        if (files[0].revents != 0 && !ReadConnection())
        {
            if (m_program > 0)
            {
                kill(-m_program, SIGKILL);
            }
            _exit(1);
        }
    }
}

bool Session::ReadConnection()
{
    std::array<char, kPiece> piece{};
    const ssize_t count = read(m_connection, piece.data(), piece.size());
    if (count <= 0)
    {
        return count < 0 && errno == EINTR;
    }
    m_received.append(piece.data(), static_cast<std::size_t>(count));
    TakeFrames();
    return true;
}

void Session::TakeFrames()
{
    while (m_received.size() >= kHead)
    {
        std::uint32_t length = 0;
        std::memcpy(&length, &m_received[1], sizeof length);
        length = ntohl(length);
        if (m_received.size() < kHead + length)
        {
            return;
        }
        const char kind = m_received[0];
        const std::string body = m_received.substr(kHead, length);
        m_received.erase(0, kHead + length);
        Take(kind, body);
    }
}

void Session::Take(char kind, const std::string& body)
{
    switch (kind)
    {
    case kCommand:
        Start(body);
        break;
    case kInput:
        m_pending += body;
        m_inputEnds = m_inputEnds || body.empty();
        WriteInput();
        break;
    case kSignal:
        if (m_program > 0)
        {
            kill(-m_program, std::atoi(body.c_str()));
        }
        break;
    default:
        break;
    }
}

void Session::Start(const std::string& command)
{
    Pipe input;
    Pipe output;
    Pipe errors;
    m_program = fork();
    if (m_program == 0)
    {
        setpgid(0, 0);
        dup2(input.read, STDIN_FILENO);
        dup2(output.write, STDOUT_FILENO);
        dup2(errors.write, STDERR_FILENO);
        std::signal(SIGPIPE, SIG_DFL);
        execl("/usr/bin/sh", "sh", "-c", command.c_str(), nullptr);
        _exit(127);
    }
    setpgid(m_program, m_program);
    close(input.read);
    close(output.write);
    close(errors.write);
    m_input = input.write;
    m_output = output.read;
    m_errors = errors.read;
    m_exit = static_cast<int>(syscall(SYS_pidfd_open, m_program, 0));
    fcntl(m_input, F_SETFL, O_NONBLOCK);
    fcntl(m_output, F_SETFL, O_NONBLOCK);
    fcntl(m_errors, F_SETFL, O_NONBLOCK);
}

void Session::WriteInput()
{
    if (m_input >= 0 && !m_pending.empty())
    {
        const ssize_t written = write(m_input, m_pending.data(), m_pending.size());
        if (written > 0)
        {
            m_pending.erase(0, static_cast<std::size_t>(written));
        }
        else if (errno != EAGAIN && errno != EINTR)
        {
            m_pending.clear(); // nobody reads any more
            Close(m_input);
        }
    }
    if (m_pending.empty() && m_inputEnds)
    {
        Close(m_input);
    }
}

// False when there is nothing more at the moment.
bool Session::Pass(int& from, Frame kind)
{
    std::array<char, kPiece> piece{};
    const ssize_t count = read(from, piece.data(), piece.size());
    if (count > 0)
    {
        SendFrame(m_connection, kind, piece.data(), static_cast<std::size_t>(count));
        return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR))
    {
        Close(from);
    }
    return false;
}

// Children that the program leaves behind may hold its output open: what is there now is all.
void Session::Finish()
{
    int status = 0;
    waitpid(m_program, &status, 0);
    while (m_output >= 0 && Pass(m_output, kOutput))
    {
    }
    while (m_errors >= 0 && Pass(m_errors, kErrors))
    {
    }
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    const std::string text = std::to_string(code);
    SendFrame(m_connection, kExit, text.data(), text.size());
    shutdown(m_connection, SHUT_WR);
    // Input that nobody has read would make the kernel reset the connection, and the status be
    // lost.
    alarm(kLingerSeconds);
    std::array<char, kPiece> piece{};
    while (read(m_connection, piece.data(), piece.size()) > 0)
    {
    }
    _exit(0);
}

} // namespace

int main()
{
    const int one = 1;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kPort);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 64) != 0)
    {
        std::perror("weft-agent: cannot listen");
        return 1;
    }
    std::puts("weft-guest: is up"); // the machine's console: now, and no sooner
    std::fflush(stdout);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_IGN); // sessions need no one to wait for them
    while (true)
    {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0)
        {
            continue;
        }
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (fork() == 0)
        {
            std::signal(SIGCHLD, SIG_DFL);
            close(listener);
            Session(connection).Run();
        }
        close(connection);
    }
}
