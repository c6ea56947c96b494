import Foundation
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A chat endpoint on 127.0.0.1 that behaves as badly as a test asks it to: plain sockets, one thread
/// for a connection.
final class ChatServer: Sendable {
  struct Request: Sendable {
    /// Order of arrival, from 0.
    var number: Int
    var path: String
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]
    var time: ContinuousClock.Instant

    var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
    }
    /// The last message, cut at `|`.
    var parts: [String] {
      let messages = json["messages"] as? [[String: String]]
      return (messages?.last?["content"] ?? "").split(
        separator: "|", omittingEmptySubsequences: false
      ).map(String.init)
    }
  }

  enum Answer: Sendable {
    case says(String, finish: String = "stop")
    case status(Int, headers: [String] = [], body: String = "")
    /// These bytes, then the end of the connection.
    case bytes(String)
    /// A body without an end, until the client has gone.
    case flood
    /// Nothing, until the client has gone.
    case silence
    case close
  }

  private struct State {
    var requests: [Request] = []
    var now = 0
    var most = 0
    var flooded = 0
    var connections: Set<Int32> = []
    var stopped = false
  }

  let port: Int
  private let listener: Int32
  private let state = Mutex(State())
  private let answer: @Sendable (Request) -> Answer

  init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
    self.answer = answer
    #if canImport(Darwin)
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #else
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let ready = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 128) == 0
          && getsockname(listener, address, &size) == 0
      }
    }
    guard ready else { throw POSIXError(.EADDRNOTAVAIL) }
    port = Int(UInt16(bigEndian: address.sin_port))
    let thread = Thread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        // The listener is closed here: a number that is closed elsewhere may be another's by now.
        guard connection >= 0 else {
          systemClose(listener)
          return
        }
        guard let self else {
          systemClose(connection)
          systemClose(listener)
          return
        }
        self.open(connection)
      }
    }
    thread.start()
  }

  /// Ends all connections. A test's server is stopped by `defer`.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    state.withLock { state in
      state.stopped = true
      for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
  }

  var url: String { "http://127.0.0.1:\(port)/v1" }
  var requests: [Request] { state.withLock { $0.requests } }
  /// Most questions that were open at a time.
  var mostAtOnce: Int { state.withLock { $0.most } }
  /// Bytes of bodies without an end that went out.
  var flooded: Int { state.withLock { $0.flooded } }

  private func open(_ connection: Int32) {
    let stopped = state.withLock { state in
      state.connections.insert(connection)
      return state.stopped
    }
    if stopped { shutdown(connection, Int32(SHUT_RDWR)) }
    Thread { [self] in
      var rest: [UInt8] = []
      while let request = read(connection, &rest), serve(connection, request) {}
      state.withLock { _ = $0.connections.remove(connection) }
      systemClose(connection)
    }.start()
  }

  private func read(_ connection: Int32, _ rest: inout [UInt8]) -> Request? {
    func more() -> Bool {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = recv(connection, &buffer, buffer.count, 0)
      if count > 0 { rest += buffer[..<count] }
      return count > 0
    }
    let blank = Array("\r\n\r\n".utf8)
    while true {
      if let end = rest.firstRange(of: blank) {
        let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let pair = line.split(separator: ":", maxSplits: 1)
          headers[pair[0].lowercased()] =
            pair.count == 2 ? pair[1].trimmingCharacters(in: .whitespaces) : ""
        }
        rest.removeSubrange(..<end.upperBound)
        let length = Int(headers["content-length"] ?? "") ?? 0
        while rest.count < length { guard more() else { return nil } }
        let body = Array(rest[..<length])
        rest.removeSubrange(..<length)
        let path = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return state.withLock { state in
          let request = Request(
            number: state.requests.count, path: path, headers: headers, body: body, time: .now)
          state.requests.append(request)
          state.now += 1
          state.most = max(state.most, state.now)
          return request
        }
      }
      guard more() else { return nil }
    }
  }

  /// False where the connection ends.
  private func serve(_ connection: Int32, _ request: Request) -> Bool {
    let answer = answer(request)
    state.withLock { $0.now -= 1 }
    switch answer {
    case .says(let text, let finish):
      let message: [String: Any] = [
        "choices": [
          ["message": ["role": "assistant", "content": text], "finish_reason": finish]
        ]
      ]
      let body = (try? JSONSerialization.data(withJSONObject: message)) ?? Data()
      return send(connection, head(200, [], body.count) + body)
    case .status(let code, let headers, let body):
      return send(connection, head(code, headers, body.utf8.count) + Data(body.utf8))
    case .bytes(let text):
      _ = send(connection, Data(text.utf8))
      return false
    case .flood:
      let part = Data(repeating: 32, count: 1 << 16)
      guard send(connection, Data("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8)) else {
        return false
      }
      while send(connection, part) { state.withLock { $0.flooded += part.count } }
      return false
    case .silence:
      var byte: UInt8 = 0
      _ = recv(connection, &byte, 1, 0)
      return false
    case .close: return false
    }
  }

  private func head(_ code: Int, _ headers: [String], _ length: Int) -> Data {
    let lines = ["HTTP/1.1 \(code) X", "Content-Length: \(length)"] + headers
    return Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private func send(_ connection: Int32, _ data: Data) -> Bool {
    var sent = 0
    while sent < data.count {
      #if canImport(Darwin)
        let flags: Int32 = 0
      #else
        let flags = Int32(MSG_NOSIGNAL)
      #endif
      let count = data.withUnsafeBytes { bytes in
        systemSend(connection, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}

private func systemClose(_ descriptor: Int32) { _ = close(descriptor) }
private func systemSend(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int { send(descriptor, bytes, count, flags) }
