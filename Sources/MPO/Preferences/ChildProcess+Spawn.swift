import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// The calls at the C edge: pipes, posix_spawn and SIGPIPE.

extension ChildProcess {
  /// A pipe whose ends other children do not inherit.
  static func makePipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure.start(systemMessage(errno)) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Starts a program in its own process group, with no signal blocked.
  static func spawn(
    _ arguments: [String], stdin: Int32, stdout: Int32, stderr: Int32
  ) throws -> pid_t {
    guard let program = arguments.first, !program.isEmpty else {
      throw Failure.start("the command is empty")
    }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, stdin, 0)
    posix_spawn_file_actions_adddup2(&actions, stdout, 1)
    posix_spawn_file_actions_adddup2(&actions, stderr, 2)
    var empty = sigset_t()
    sigemptyset(&empty)
    posix_spawnattr_setsigmask(&attributes, &empty)
    var restored = sigset_t()
    sigemptyset(&restored)
    sigaddset(&restored, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &restored)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var pid: pid_t = -1
    let result = posix_spawnp(&pid, program, &actions, &attributes, words, environ)
    guard result == 0 else {
      throw Failure.start(
        result == ENOENT
          ? "no program '\(program)' in the current directory or in PATH" : systemMessage(result))
    }
    return pid
  }

  /// Blocks SIGPIPE in this thread; the returned function swallows one that came and unblocks it.
  /// A program that wants SIGPIPE for its own output (`magnetic generate | head`) keeps it.
  static func blockBrokenPipe() -> () -> Void {
    var broken = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    var pending = sigset_t()
    sigpending(&pending)
    let before = sigismember(&pending, SIGPIPE) == 1
    var old = sigset_t()
    pthread_sigmask(SIG_BLOCK, &broken, &old)
    return {
      var now = sigset_t()
      sigpending(&now)
      if !before, sigismember(&now, SIGPIPE) == 1 {
        var signal: Int32 = 0
        var set = broken
        sigwait(&set, &signal)
      }
      var previous = old
      pthread_sigmask(SIG_SETMASK, &previous, nil)
    }
  }
}
