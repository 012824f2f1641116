// Prints the ticks of a running engine, and says when some are missing.
//
//   apt-get install g++ libzmq3-dev libmsgpack-cxx-dev
//   g++ -std=c++17 -O2 -DMSGPACK_NO_BOOST subscribe.cpp -o subscribe -lzmq
//   ./subscribe [ENDPOINT [TOPIC...]]
//
// ENDPOINT is tcp://127.0.0.1:5555 when absent, TOPIC is NSE_RELIANCE_QUOTE; STATUS/ brings events of the feeds.
#include <zmq.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <msgpack.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

static std::string receive(void* socket) {
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  if (zmq_msg_recv(&frame, socket, 0) < 0) throw std::runtime_error(zmq_strerror(zmq_errno()));
  std::string bytes(static_cast<char*>(zmq_msg_data(&frame)), zmq_msg_size(&frame));
  zmq_msg_close(&frame);
  return bytes;
}

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::vector<std::string> topics(argv + std::min(argc, 2), argv + argc);
  if (topics.empty()) topics.push_back("NSE_RELIANCE_QUOTE");
  void* socket = zmq_socket(zmq_ctx_new(), ZMQ_SUB);
  int no_limit = 0;  // otherwise topics beyond the first 1,000 are not sent
  zmq_setsockopt(socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
  for (auto& topic : topics) zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic.data(), topic.size());
  if (zmq_connect(socket, argc > 1 ? argv[1] : "tcp://127.0.0.1:5555") != 0) {
    std::fprintf(stderr, "%s\n", zmq_strerror(zmq_errno()));
    return 2;
  }

  std::map<std::tuple<std::string, std::string, double>, double> last;
  for (;;) {
    std::string topic = receive(socket), payload = receive(socket);
    auto unpacked = msgpack::unpack(payload.data(), payload.size());
    auto tick = unpacked.get().as<std::map<std::string, msgpack::object>>();
    if (tick.count("type")) {
      std::printf("%s %s\n", topic.c_str(), tick["type"].as<std::string>().c_str());
      continue;
    }
    // seq goes up by one from tick to tick; with another epoch it begins again. A snapshot repeats a seq.
    double seq = tick["seq"].as<double>();
    auto stream = std::tuple(topic, tick["broker"].as<std::string>(), tick["epoch"].as<double>());
    double& before = last.try_emplace(stream, seq).first->second;
    if (seq > before + 1)
      std::printf("%.0f ticks of %s are missing\n", seq - before - 1, topic.c_str());
    before = std::max(seq, before);
    std::printf("%s %.2f seq %.0f\n", topic.c_str(), tick["ltp"].as<double>(), seq);
  }
}
