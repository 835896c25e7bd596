/* Sends requests at planned times, and reports the result of each. See benchmarks/open_loop.py.
 *
 *     open_loop PORT CONNECTIONS MOST_CONNECTIONS PATIENCE <plan >results
 *
 * plan: count of requests (u32); each one's length (u32) and bytes; count of arrivals (u32); when each is due, in
 *       seconds from the beginning and in order (f64 ...); which request it is (u32 ...).
 * results: the latency of each arrival (f64 ..., seconds from its due time to the complete answer); how late this
 *       program noticed it (f64 ...); its status (i32 ...; 0: the connection ended, -1: no answer in PATIENCE seconds).
 *
 * All in the byte order of the machine. One thread and one epoll leave most of two cores to the server.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 16 * 1024, EVENTS = 256 };

typedef struct { uint32_t length; char *bytes; } Request;

typedef struct Connection {
    int fd;
    int32_t arrival;            /* the arrival that waits for its answer; -1: none */
    uint32_t sent;
    int connected, writing;     /* is it usable? does epoll wait for room to write? */
    int32_t status;
    int64_t body_left;          /* -1: the head is not complete */
    int closes;                 /* the server will end the connection */
    uint32_t filled;
    char head[HEAD];
    struct Connection *next;    /* in the list of idle or of dead ones */
} Connection;

static Request *requests;
static uint32_t request_count, arrival_count;
static double *due, *latency, *lag;
static uint32_t *which;
static int32_t *status_of;

static int epoll_fd, timer_fd;
static uint32_t open_connections, most_connections;
static Connection *idle;
static Connection *dead;                    /* ended; this turn of epoll may still name them */
static uint32_t next_due, next_waiting;     /* waiting for a connection: from next_waiting up to next_due */
static uint32_t left;
static double began;
static struct sockaddr_in server;

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *reserve(size_t count, size_t size) {
    void *found = calloc(count ? count : 1, size);
    if (!found) fail("memory");
    return found;
}

static void take(void *to, size_t size, size_t count) {
    if (fread(to, size, count, stdin) != count) { fprintf(stderr, "the plan ends too early\n"); exit(1); }
}

static void read_plan(void) {
    take(&request_count, sizeof request_count, 1);
    requests = reserve(request_count, sizeof *requests);
    for (uint32_t i = 0; i < request_count; i++) {
        take(&requests[i].length, sizeof requests[i].length, 1);
        requests[i].bytes = reserve(requests[i].length, 1);
        take(requests[i].bytes, 1, requests[i].length);
    }
    take(&arrival_count, sizeof arrival_count, 1);
    due = reserve(arrival_count, sizeof *due);
    which = reserve(arrival_count, sizeof *which);
    take(due, sizeof *due, arrival_count);
    take(which, sizeof *which, arrival_count);
    for (uint32_t i = 0; i < arrival_count; i++)
        if (which[i] >= request_count) { fprintf(stderr, "an arrival names no request\n"); exit(1); }
    latency = reserve(arrival_count, sizeof *latency);
    lag = reserve(arrival_count, sizeof *lag);
    status_of = reserve(arrival_count, sizeof *status_of);
    left = arrival_count;
}

static void watch(Connection *c, int operation, int for_room) {
    struct epoll_event event = {.events = EPOLLIN | (for_room ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event) < 0) fail("epoll_ctl");
    c->writing = for_room;
}

static void open_one(void) {
    Connection *c = reserve(1, sizeof *c);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->arrival = -1;
    c->body_left = -1;
    open_connections++;
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) fail("connect");
    watch(c, EPOLL_CTL_ADD, 1);
}

static void answered(int32_t arrival, int32_t status) {
    status_of[arrival] = status;
    latency[arrival] = now() - began - due[arrival];
    left--;
}

static void end(Connection *c) {
    if (c->arrival >= 0) answered(c->arrival, 0);
    for (Connection **at = &idle; *at; at = &(*at)->next)
        if (*at == c) { *at = c->next; break; }
    close(c->fd);
    c->fd = -1;
    c->next = dead;
    dead = c;
    open_connections--;
    if (left && open_connections < most_connections) open_one();
}

/* Returns 0 if the connection has ended. */
static int send_rest(Connection *c) {
    Request *r = &requests[which[c->arrival]];
    while (c->sent < r->length) {
        ssize_t sent = send(c->fd, r->bytes + c->sent, r->length - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (sent < 0) { end(c); return 0; }
        c->sent += (uint32_t)sent;
    }
    int for_room = c->sent < r->length;
    if (for_room != c->writing) watch(c, EPOLL_CTL_MOD, for_room);
    return 1;
}

static int begin(Connection *c, uint32_t arrival) {
    c->arrival = (int32_t)arrival;
    c->sent = c->filled = 0;
    c->body_left = -1;
    return send_rest(c);
}

static void is_free(Connection *c) {
    if (next_waiting < next_due) { begin(c, next_waiting++); return; }
    c->next = idle;
    idle = c;
    if (c->writing) watch(c, EPOLL_CTL_MOD, 0);
}

static void send_due(void) {
    double at = now() - began;
    while (next_due < arrival_count && due[next_due] <= at) {
        lag[next_due] = at - due[next_due];
        next_due++;
        if (idle && next_waiting + 1 == next_due) {
            Connection *c = idle;
            idle = c->next;
            begin(c, next_waiting++);
        } else if (open_connections < most_connections) {
            open_one();
        }
    }
    struct itimerspec when = {0};
    double wait = next_due < arrival_count ? due[next_due] - (now() - began) : 3600.0;
    if (wait < 1e-6) wait = 1e-6;
    when.it_value.tv_sec = (time_t)wait;
    when.it_value.tv_nsec = (long)((wait - (double)when.it_value.tv_sec) * 1e9) + 1;
    if (when.it_value.tv_nsec > 999999999) when.it_value.tv_nsec = 999999999;
    if (timerfd_settime(timer_fd, 0, &when, NULL) < 0) fail("timerfd_settime");
}

/* Reads status, length and whether the connection ends. Returns 0 for an answer without a length. */
static int read_head(Connection *c, const char *head_end) {
    if (sscanf(c->head, "HTTP/1.%*1d %d", &c->status) != 1) return 0;
    c->closes = 0;
    for (const char *line = strstr(c->head, "\r\n"); line && line < head_end; line = strstr(line + 2, "\r\n")) {
        if (!strncasecmp(line + 2, "content-length:", 15)) c->body_left = strtoll(line + 17, NULL, 10);
        if (!strncasecmp(line + 2, "connection: close", 17)) c->closes = 1;
    }
    return c->body_left >= 0;
}

static void receive(Connection *c) {
    char body[64 * 1024];
    for (;;) {
        int in_head = c->body_left < 0;
        char *to = in_head ? c->head + c->filled : body;
        ssize_t came = recv(c->fd, to, in_head ? HEAD - 1 - c->filled : sizeof body, 0);
        if (came < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (came <= 0 || c->arrival < 0) { end(c); return; }    /* or it sends without a request */
        if (in_head) {
            c->filled += (uint32_t)came;
            c->head[c->filled] = '\0';
            char *head_end = strstr(c->head, "\r\n\r\n");
            if (!head_end) {
                if (c->filled == HEAD - 1) { end(c); return; }
                continue;
            }
            if (!read_head(c, head_end)) {
                fprintf(stderr, "an answer without Content-Length: %.200s\n", c->head);
                exit(1);
            }
            c->body_left -= (c->head + c->filled) - (head_end + 4);
        } else {
            c->body_left -= came;
        }
        if (c->body_left > 0) continue;
        answered(c->arrival, c->status);
        c->arrival = -1;
        if (c->closes || c->body_left < 0) { end(c); return; }
        is_free(c);
        return;                                                 /* epoll reports the rest again */
    }
}

static void bury(void) {
    while (dead) {
        Connection *c = dead;
        dead = c->next;
        free(c);
    }
}

static void ready(Connection *c, uint32_t events) {
    if (c->fd < 0) return;
    if (!c->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) { errno = error; fail("connect"); }
        if (!(events & EPOLLOUT)) return;
        c->connected = 1;
        is_free(c);
        return;
    }
    if ((events & EPOLLOUT) && c->arrival >= 0 && !send_rest(c)) return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
}

static void report(void) {
    for (uint32_t i = 0; i < arrival_count; i++)
        if (!status_of[i] && latency[i] == 0.0) status_of[i] = -1;
    if (fwrite(latency, sizeof *latency, arrival_count, stdout) != arrival_count ||
        fwrite(lag, sizeof *lag, arrival_count, stdout) != arrival_count ||
        fwrite(status_of, sizeof *status_of, arrival_count, stdout) != arrival_count || fflush(stdout))
        fail("told");
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: open_loop PORT CONNECTIONS MOST_CONNECTIONS PATIENCE\n"); return 2; }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    uint32_t connections = (uint32_t)atoi(argv[2]);
    most_connections = (uint32_t)atoi(argv[3]);
    double patience = atof(argv[4]);
    read_plan();
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event timer = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_fd < 0 || timer_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &timer) < 0) fail("epoll");
    for (uint32_t i = 0; i < connections; i++) open_one();
    int started = 0;
    began = now();
    double last = (arrival_count ? due[arrival_count - 1] : 0.0) + patience;
    while (left) {
        double wait = last - (now() - began);
        if (started && wait <= 0) break;
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll_fd, events, EVENTS, started ? (int)(wait * 1000) + 1 : 10000);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) { ready(events[i].data.ptr, events[i].events); continue; }
            uint64_t times;
            if (read(timer_fd, &times, sizeof times) < 0 && errno != EAGAIN) fail("timer");
            if (started) send_due();
        }
        bury();
        if (!started) {                                         /* the clock starts when all are connected */
            uint32_t there = 0;
            for (Connection *c = idle; c; c = c->next) there++;
            if (there == connections || count == 0) { started = 1; began = now(); send_due(); }
        }
    }
    report();
    return 0;
}
