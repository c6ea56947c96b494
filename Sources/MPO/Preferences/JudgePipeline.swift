import Foundation
import Synchronization

/// What a judge says about one rollout.
public struct JudgedResponses: Sendable, Equatable {
  /// (N, K, K)
  public let preferences: PreferenceTable
  /// N lists of K where the source is a `RewardSource`; they are asked for once, and the preferences
  /// follow from them.
  public let rewards: [[Double]]?

  /// Asks `source` on the calling thread.
  /// - Throws: `PreferenceError`.
  public init(
    _ source: any PreferenceSource, prompts: [String], responses: [[String]]
  ) throws {
    if let source = source as? any RewardSource {
      let rewards = try source.rewards(prompts: prompts, responses: responses)
      preferences = try source.preferences(ofRewards: rewards, responses: responses)
      self.rewards = rewards
    } else {
      preferences = try source.preferences(prompts: prompts, responses: responses)
      rewards = nil
    }
  }

  /// Rollouts one behind the other.
  init(joining parts: [JudgedResponses]) throws {
    preferences = try PreferenceTable(
      prompts: parts.reduce(0) { $0 + $1.preferences.prompts },
      responses: parts.first?.preferences.responses ?? 0,
      values: parts.flatMap(\.preferences.values))
    let rewards = parts.compactMap(\.rewards)
    self.rewards = rewards.isEmpty ? nil : Array(rewards.joined())
  }
}

/// Judges the first prompts of a rollout while responses to the next are drawn: `submit` hands over
/// prompts with all their responses and returns at once, `finish` waits for the rest and gives the
/// verdicts on all of them in the order of submission. What waits together is asked about together,
/// so a slow judge gets large groups; the verdicts do not depend on how the groups fell.
///
/// A source that does not overlap generation (`overlapsGeneration`) is asked in `finish`, once, on
/// the caller's thread. One owner, one thread; between the first `submit` and the end of `finish`
/// nobody else may use the source. After an error the pipeline is empty and can be used again.
public final class JudgePipeline {
  public let source: any PreferenceSource
  private let line = JudgeLine()
  private var working = false

  public init(_ source: any PreferenceSource) { self.source = source }

  /// A pipeline that is dropped before it finished tells its thread to take nothing new.
  deinit { line.close() }

  /// Hands over prompts, each with its K responses; K is the same for the whole rollout.
  /// - Throws: `PreferenceError.shape`, and then nothing of it was taken.
  public func submit(prompts: [String], responses: [[String]]) throws {
    let k = try responseCount(prompts: prompts, responses: responses, source: source.name)
    guard !prompts.isEmpty else { return }
    guard line.add(prompts, responses) else {
      throw PreferenceError.shape(
        source: source.name, "this rollout has another number of responses to a prompt than \(k)")
    }
    guard source.overlapsGeneration, !working else { return }
    working = true
    line.open()
    let (line, worker) = (line, Worker(source: source))
    let thread = Thread { worker.work(on: line) }
    thread.name = "judge"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The verdicts on all that was submitted since the last call.
  /// - Throws: the first error of the source, its prompts counted from the first submission.
  public func finish() throws -> JudgedResponses {
    if working {
      line.close()
      working = false
    } else {
      Worker(source: source).judge(line.takeGroup(), line)
    }
    return try JudgedResponses(joining: line.takeResults().get())
  }

  /// Lets go of a rollout that will not be finished: waits for the question that is being answered,
  /// and drops the rest.
  public func cancel() {
    line.drop()
    if working { line.close() }
    working = false
    _ = line.takeResults()
  }

  /// The source on its way to the judging thread.
  ///
  /// Sources are not Sendable (a child process, a session with its counters), and need not be: they
  /// must only not be used by two threads at once. That holds here. The pipeline starts at most one
  /// judging thread at a time; what its owner did with the source before `submit` happens before the
  /// thread starts, and what the thread does with it happens before `finish` or `cancel` return,
  /// because both wait under `JudgeLine`'s lock until it has gone. In between the contract of the
  /// pipeline forbids the owner to touch the source, as the contract of `PreferenceSource` does.
  private struct Worker: @unchecked Sendable {
    let source: any PreferenceSource

    func work(on line: JudgeLine) {
      while let group = line.waitForGroup() { judge(group, line) }
    }

    func judge(_ group: JudgeLine.Group, _ line: JudgeLine) {
      guard !group.prompts.isEmpty else { return }
      line.add(
        Result {
          do {
            return try JudgedResponses(
              source, prompts: group.prompts, responses: group.responses)
          } catch let error as PreferenceError {
            throw error.offset(by: group.first)
          }
        })
    }
  }
}

/// What stands between the thread that draws and the one that judges.
private final class JudgeLine: Sendable {
  struct Group: Sendable {
    /// Index of its first prompt in the rollout.
    var first = 0
    var prompts: [String] = []
    var responses: [[String]] = []
  }

  private struct State {
    var waiting = Group()
    var results: [JudgedResponses] = []
    var failure: (any Error)?
    /// More may come.
    var isOpen = false
    /// A judging thread exists.
    var isWorking = false
    var responses: Int?
  }

  private let state = Mutex(State())
  private let news = NSCondition()

  /// Changes the state and wakes whoever waits for it.
  private func change<T: Sendable>(_ body: (inout sending State) -> T) -> T {
    news.lock()
    defer {
      news.broadcast()
      news.unlock()
    }
    return state.withLock { body(&$0) }
  }

  func open() {
    change {
      $0.isOpen = true
      $0.isWorking = true
    }
  }

  func close() { change { $0.isOpen = false } }

  func drop() {
    change {
      $0.waiting.first += $0.waiting.prompts.count
      $0.waiting.prompts = []
      $0.waiting.responses = []
    }
  }

  /// False where K differs.
  func add(_ prompts: [String], _ responses: [[String]]) -> Bool {
    change { state in
      let k = responses.first?.count
      guard state.responses == nil || state.responses == k else { return false }
      state.responses = k
      state.waiting.prompts += prompts
      state.waiting.responses += responses
      return true
    }
  }

  /// After a failure the rest is dropped.
  func add(_ result: Result<JudgedResponses, any Error>) {
    change { state in
      switch result {
      case .success(let judged): state.results.append(judged)
      case .failure(let error): state.failure = state.failure ?? error
      }
    }
  }

  /// All that waits.
  func takeGroup() -> Group {
    change { state in
      let group = state.waiting
      state.waiting = Group(first: group.first + group.prompts.count)
      return state.failure == nil ? group : Group()
    }
  }

  /// The same once there is something; nil when there will be nothing more, and the thread ends.
  func waitForGroup() -> Group? {
    news.lock()
    while state.withLock({ $0.waiting.prompts.isEmpty && $0.isOpen }) { news.wait() }
    news.unlock()
    let group = takeGroup()
    if !group.prompts.isEmpty { return group }
    return change { state in
      guard state.isOpen || !state.waiting.prompts.isEmpty else {
        state.isWorking = false
        return nil
      }
      return Group()
    }
  }

  /// Waits until the judging thread has gone, and empties the line.
  func takeResults() -> Result<[JudgedResponses], any Error> {
    news.lock()
    while state.withLock({ $0.isWorking }) { news.wait() }
    news.unlock()
    return change { state in
      let result: Result<[JudgedResponses], any Error> =
        state.failure.map { .failure($0) } ?? .success(state.results)
      state = State()
      return result
    }
  }
}
