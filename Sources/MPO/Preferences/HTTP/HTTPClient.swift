import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// POST requests to one URL, several at a time, over URLSession. `start` does not wait; `wait` blocks
/// the caller until something ended or the time is over. No cookies, no cache, no redirects; a body
/// longer than `longestBody` is not read to its end. The owner must call `close`.
final class HTTPClient: Sendable {
  struct Reply: Sendable {
    var status: Int
    var retryAfter: String?
    var location: String?
    var body: [UInt8]
  }

  /// How request `id` ended.
  struct Ended: Sendable {
    var id: Int
    var result: Result<Reply, HTTPFailure>
  }

  private let request: URLRequest
  private let session: URLSession
  private let mailbox: Mailbox

  /// - Parameter backstop: seconds after which URLSession itself gives up; the caller has its own
  ///   clock.
  init(
    url: URL, headers: [(name: String, value: String)], concurrency: Int, backstop: Double,
    longestBody: Int
  ) {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.timeoutInterval = backstop
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    self.request = request
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = concurrency
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.timeoutIntervalForRequest = backstop
    mailbox = Mailbox(longestBody: longestBody)
    session = URLSession(configuration: configuration, delegate: mailbox, delegateQueue: nil)
  }

  /// Sends `body` and returns the request's number.
  func start(_ body: [UInt8]) -> Int {
    var request = request
    request.httpBody = Data(body)
    let task = session.dataTask(with: request)
    mailbox.open(task)
    task.resume()
    return task.taskIdentifier
  }

  /// Requests that ended since the last call; waits for one at most `seconds`.
  func wait(seconds: Double) -> [Ended] { mailbox.collect(seconds: seconds) }

  /// Ends a request; it will not be reported.
  func cancel(_ id: Int) { mailbox.forget(id)?.cancel() }

  /// Ends all requests and lets go of the session.
  func close() { session.invalidateAndCancel() }
}

/// Collects what URLSession reports on its own queue for the thread that waits.
private final class Mailbox: NSObject, URLSessionDataDelegate, Sendable {
  private struct Open {
    var task: URLSessionTask
    var body = Data()
    var tooLong = false
  }
  private struct State {
    var open: [Int: Open] = [:]
    var ended: [HTTPClient.Ended] = []
  }

  private let state = Mutex(State())
  private let news = DispatchSemaphore(value: 0)
  private let longestBody: Int

  init(longestBody: Int) { self.longestBody = longestBody }

  func open(_ task: URLSessionTask) {
    state.withLock { $0.open[task.taskIdentifier] = Open(task: task) }
  }

  func forget(_ id: Int) -> URLSessionTask? {
    state.withLock { $0.open.removeValue(forKey: id)?.task }
  }

  func collect(seconds: Double) -> [HTTPClient.Ended] {
    if state.withLock({ $0.ended.isEmpty }) {
      _ = news.wait(timeout: .now() + max(0, seconds))
    }
    return state.withLock { state in
      let ended = state.ended
      state.ended = []
      return ended
    }
  }

  func urlSession(
    _: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let tooLong = response.expectedContentLength > Int64(longestBody)
    if tooLong { state.withLock { $0.open[dataTask.taskIdentifier]?.tooLong = true } }
    completionHandler(tooLong ? .cancel : .allow)
  }

  // URLSession reads on while this runs, without a limit of its own: it must be quick.
  func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let id = dataTask.taskIdentifier
    let enough = state.withLock { state in
      // Taken out, so that the bytes are appended in place.
      guard var open = state.open.removeValue(forKey: id) else { return false }
      defer { state.open[id] = open }
      guard !open.tooLong else { return false }
      open.tooLong = open.body.count + data.count > longestBody
      if open.tooLong { open.body = Data() } else { open.body.append(data) }
      return open.tooLong
    }
    if enough { dataTask.cancel() }
  }

  func urlSession(
    _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
    newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }

  func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let id = task.taskIdentifier
    let response = task.response as? HTTPURLResponse
    let reported = state.withLock { state in
      guard let open = state.open.removeValue(forKey: id) else { return false }
      let result: Result<HTTPClient.Reply, HTTPFailure>
      if open.tooLong {
        result = .failure(.tooLong(limit: longestBody))
      } else if let error {
        result = .failure(.connection(Self.text(error)))
      } else if let response {
        result = .success(
          HTTPClient.Reply(
            status: response.statusCode,
            retryAfter: response.value(forHTTPHeaderField: "Retry-After"),
            location: response.value(forHTTPHeaderField: "Location"), body: [UInt8](open.body)))
      } else {
        result = .failure(.connection("the answer is not HTTP"))
      }
      state.ended.append(HTTPClient.Ended(id: id, result: result))
      return true
    }
    if reported { news.signal() }
  }

  private static func text(_ error: any Error) -> String {
    guard let error = error as? URLError else { return "\(error)" }
    switch error.code {
    case .cannotConnectToHost: return "the connection is refused; see that the server runs"
    case .cannotFindHost, .dnsLookupFailed: return "no such host"
    case .networkConnectionLost: return "the connection was closed before the answer was whole"
    case .timedOut: return "the connection timed out"
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
      return "the secure connection failed: \(error.localizedDescription)"
    default: return error.localizedDescription
    }
  }
}
