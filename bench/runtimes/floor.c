// The floor: the protocol of one Lambda function with nothing else in it. Static, musl, no interpreter.
// It asks for an event, answers hello, and asks again, over one connection. What it costs is what the kernel costs.
// FLOOR_PIPELINE sends the response and the next request in one write.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char in[6 << 20 | 8192];
static char out[1024];

static const char *find(const char *from, const char *end, const char *what, size_t bytes)
{
	return memmem(from, end - from, what, bytes);
}

int main(void)
{
	const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
	if (!api) return 2;
	const char *colon = strchr(api, ':');
	char host[64] = {0};
	memcpy(host, api, colon - api);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(colon + 1)) };
	inet_aton(host, &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof to)) return 3;
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

	char next[256];
	size_t next_bytes = stpcpy(stpcpy(stpcpy(next, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: "), api), "\r\n\r\n") - next;
	send(fd, next, next_bytes, MSG_NOSIGNAL);
	for (;;) {
		size_t have = 0;
		const char *body = 0, *id = 0;
		size_t length = 0;
		for (;;) {
			ssize_t got = recv(fd, in + have, sizeof in - have, 0);
			if (got <= 0) return 0;
			have += got;
			if (!body && (body = find(in, in + have, "\r\n\r\n", 4))) {
				body += 4;
				length = strtoul(find(in, body, "Content-Length: ", 16) + 16, 0, 10);
				id = find(in, body, "Aws-Request-Id: ", 16) + 16;
			}
			if (body && (size_t)(in + have - body) >= length) break;
		}
		// The answer of the hello function: the name is looked up, so that the event is used.
		const char *name = find(body, body + length, "\"name\":\"", 8);
		size_t name_bytes = name ? strcspn(name += 8, "\"") : 0;
		char answer[256];
		char *end = stpcpy(answer, "{\"message\":\"Hello, ");
		memcpy(end, name, name_bytes);
		end = stpcpy(end + name_bytes, "!\"}");
		size_t answer_bytes = end - answer;
		char digits[16], *digit = digits + sizeof digits;
		*--digit = 0;
		for (size_t rest = answer_bytes; rest; rest /= 10) *--digit = '0' + rest % 10;

		end = stpcpy(out, "POST /2018-06-01/runtime/invocation/");
		size_t id_bytes = strcspn(id, "\r");
		memcpy(end, id, id_bytes);
		end = stpcpy(stpcpy(end + id_bytes, "/response HTTP/1.1\r\nHost: "), api);
		end = stpcpy(stpcpy(stpcpy(end, "\r\nContent-Type: application/json\r\nContent-Length: "), digit), "\r\n\r\n");
		memcpy(end, answer, answer_bytes);
		end += answer_bytes;
#ifdef FLOOR_PIPELINE
		memcpy(end, next, next_bytes);
		end += next_bytes;
		send(fd, out, end - out, MSG_NOSIGNAL);
		// The 202; the event comes behind it, perhaps in the same segment. Only what is this reply is taken.
		have = 0;
		for (;;) {
			ssize_t got = recv(fd, in, 512, MSG_PEEK);
			if (got <= 0) return 0;
			body = find(in, in + got, "\r\n\r\n", 4);
			if (!body) continue;
			length = body + 4 - in + strtoul(find(in, body, "Content-Length: ", 16) + 16, 0, 10);
			while (have < length) have += recv(fd, in, length - have, 0);
			break;
		}
#else
		send(fd, out, end - out, MSG_NOSIGNAL);
		have = 0;
		for (body = 0;;) {
			ssize_t got = recv(fd, in + have, sizeof in - have, 0);
			if (got <= 0) return 0;
			have += got;
			body = find(in, in + have, "\r\n\r\n", 4);
			if (body && (size_t)(in + have - body - 4) >= strtoul(find(in, body, "Content-Length: ", 16) + 16, 0, 10)) break;
		}
		send(fd, next, next_bytes, MSG_NOSIGNAL);
#endif
	}
}
