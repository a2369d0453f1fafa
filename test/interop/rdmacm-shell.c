/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The language of 'weft-cm shell' (doc/cm-shell.md) on top of the kernel's Connection Manager: the
 * same script steers this program and ours, so that what they do can be compared line by line.
 *
 *     cc -O2 -Wall -Wextra -o rdmacm-shell rdmacm-shell.c -lrdmacm -libverbs
 *
 * One thread reads commands and events in turn, as a program that uses rdma_cm does. QPs, where
 * real ones are wanted, are the program's own and not librdmacm's: so every response is reported,
 * and answered by rdma_establish.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <rdma/rdma_cma.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum
{
    kMaxData = 196, /* the most that any message carries for a program */
    kReqData = 56,  /* beside the header of the RDMA IP CM service */
    kSidrReqData = 180,
    kRepData = 196,
    kSidrRepData = 136,
    kRejData = 148,
    kMaxLine = 4096,
    kMaxWords = 32,
    kResolveMs = 2000,
    kDefaultBacklog = 1024,
};

/* What a command may be told as KEY=VALUE; bits, so that a command can say which it takes. */
enum key
{
    KEY_QPN = 1 << 0,
    KEY_RR = 1 << 1,
    KEY_DEPTH = 1 << 2,
    KEY_RETRY = 1 << 3,
    KEY_RNR = 1 << 4,
    KEY_FC = 1 << 5,
    KEY_SRQ = 1 << 6,
    KEY_ECE = 1 << 7,
    KEY_DATA = 1 << 8,
    KEY_PS = 1 << 9,
    KEY_BACKLOG = 1 << 10,
    KEY_IP = 1 << 11,
    KEY_ACKTIMEOUT = 1 << 12,
    KEY_ESTABLISH = 1 << 13,
    KEY_DISCONNECT = 1 << 14,
    KEY_DESTROY = 1 << 15,
    KEYS_CONN = (1 << 9) - 1,
};

struct options
{
    unsigned given; /* of enum key */
    bool real;
    uint32_t qpn, rr, depth, retry, rnr, fc, srq;
    struct ibv_ece ece;
    uint8_t data[kMaxData];
    uint32_t data_size;
    bool udp;
    uint32_t backlog, acktimeout;
    struct sockaddr_storage ip;
    uint32_t establish, disconnect, destroy;
};

enum policy
{
    POLICY_ACCEPT,
    POLICY_HOLD,
    POLICY_REJECT,
};

enum role
{
    ROLE_LISTENER,
    ROLE_ACTIVE,
    ROLE_PASSIVE,
};

static const char* const kRoleNames[] = {"listener", "active", "passive"};

struct entry
{
    unsigned number;
    enum role role;
    bool udp;
    bool unanswered;  /* a request, or a response, that waits for an answer */
    const char* last; /* the latest event, for 'dump' */
    struct rdma_cm_id* id;
    struct options options; /* of 'connect' */
    uint32_t rr, depth;     /* as the request proposes, or as they were asked for */
    uint32_t qpn;
    struct ibv_pd* pd;
    struct ibv_cq* cq;
    struct ibv_qp* qp;
    struct entry* next; /* in the order of their numbers */
};

static struct rdma_event_channel* g_channel;
static struct entry* g_entries;
static unsigned g_last_number;
static uint32_t g_last_qpn;
static enum policy g_policy = POLICY_ACCEPT;
static struct options g_policy_options;
static struct options g_auto = {.establish = 1, .disconnect = 1, .destroy = 0};
static bool g_leaving;

/* ---------------------------------------------------------------- output */

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

/* Answers that a command is refused. */
static void refuse(const char* verb, int error, const char* text)
{
    say("err %s %d %s: %s", verb, error, strerrorname_np(error), text ? text : strerror(error));
}

static void answer(const char* verb, int error)
{
    if (error)
    {
        refuse(verb, error, NULL);
        return;
    }
    say("ok %s", verb);
}

/* Of calls that return -1 and leave the reason in errno. */
static int error_of(int result)
{
    return result ? errno : 0;
}

/* ---------------------------------------------------------------- words */

/* Decimal, or hexadecimal after 0x. */
static bool parse_number(const char* text, uint64_t least, uint64_t most, uint32_t* number)
{
    const int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
    const char* digits = base == 16 ? text + 2 : text;
    const char* allowed = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    const size_t length = strlen(digits);
    if (length == 0 || length > 10 || strspn(digits, allowed) != length)
    {
        return false;
    }
    const uint64_t value = strtoull(digits, NULL, base);
    *number = (uint32_t)value;
    return value >= least && value <= most;
}

static bool parse_data(const char* text, struct options* options)
{
    const size_t length = strlen(text);
    if (length % 2 != 0 || length / 2 > kMaxData ||
        strspn(text, "0123456789abcdefABCDEF") != length)
    {
        return false;
    }
    options->data_size = (uint32_t)(length / 2);
    for (size_t i = 0; i < length / 2; i++)
    {
        const char digits[] = {text[2 * i], text[2 * i + 1], 0};
        options->data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return true;
}

static bool parse_ece(const char* text, struct options* options)
{
    char vendor[kMaxLine];
    const char* colon = strchr(text, ':');
    if (!colon)
    {
        return false;
    }
    snprintf(vendor, sizeof(vendor), "%.*s", (int)(colon - text), text);
    return parse_number(vendor, 0, 0xffffff, &options->ece.vendor_id) &&
           parse_number(colon + 1, 0, UINT32_MAX, &options->ece.options);
}

static bool parse_address(const char* text, struct sockaddr_storage* address)
{
    struct sockaddr_in* v4 = (struct sockaddr_in*)address;
    struct sockaddr_in6* v6 = (struct sockaddr_in6*)address;
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
    {
        v4->sin_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
    {
        v6->sin6_family = AF_INET6;
        return true;
    }
    return false;
}

static void set_port(struct sockaddr_storage* address, uint32_t port)
{
    if (address->ss_family == AF_INET6)
    {
        ((struct sockaddr_in6*)address)->sin6_port = htons((uint16_t)port);
        return;
    }
    ((struct sockaddr_in*)address)->sin_port = htons((uint16_t)port);
}

static bool parse_port_space(const char* text, struct options* options)
{
    options->udp = strcmp(text, "udp") == 0;
    return options->udp || strcmp(text, "tcp") == 0;
}

static bool parse_qpn(const char* text, struct options* options)
{
    options->real = strcmp(text, "real") == 0;
    return options->real || parse_number(text, 1, 0xffffff, &options->qpn);
}

static bool parse_value(enum key key, const char* value, struct options* o)
{
    switch (key)
    {
    case KEY_QPN:
        return parse_qpn(value, o);
    case KEY_RR:
        return parse_number(value, 0, 255, &o->rr);
    case KEY_DEPTH:
        return parse_number(value, 0, 255, &o->depth);
    case KEY_RETRY:
        return parse_number(value, 0, 7, &o->retry);
    case KEY_RNR:
        return parse_number(value, 0, 7, &o->rnr);
    case KEY_FC:
        return parse_number(value, 0, 1, &o->fc);
    case KEY_SRQ:
        return parse_number(value, 0, 1, &o->srq);
    case KEY_ECE:
        return parse_ece(value, o);
    case KEY_DATA:
        return parse_data(value, o);
    case KEY_PS:
        return parse_port_space(value, o);
    case KEY_BACKLOG:
        return parse_number(value, 1, INT32_MAX, &o->backlog);
    case KEY_IP:
        return parse_address(value, &o->ip);
    case KEY_ACKTIMEOUT:
        return parse_number(value, 0, 31, &o->acktimeout);
    case KEY_ESTABLISH:
        return parse_number(value, 0, 1, &o->establish);
    case KEY_DISCONNECT:
        return parse_number(value, 0, 1, &o->disconnect);
    case KEY_DESTROY:
        return parse_number(value, 0, 1, &o->destroy);
    default:
        return false;
    }
}

static const struct
{
    const char* name;
    enum key key;
} kKeys[] = {
    {"qpn", KEY_QPN},
    {"rr", KEY_RR},
    {"depth", KEY_DEPTH},
    {"retry", KEY_RETRY},
    {"rnr", KEY_RNR},
    {"fc", KEY_FC},
    {"srq", KEY_SRQ},
    {"ece", KEY_ECE},
    {"data", KEY_DATA},
    {"ps", KEY_PS},
    {"backlog", KEY_BACKLOG},
    {"ip", KEY_IP},
    {"acktimeout", KEY_ACKTIMEOUT},
    {"establish", KEY_ESTABLISH},
    {"disconnect", KEY_DISCONNECT},
    {"destroy", KEY_DESTROY},
};

/* Reads one KEY=VALUE. False: nothing of the kind, or given before, or no value for that key. */
static bool parse_option(char* word, unsigned allowed, struct options* options)
{
    char* value = strchr(word, '=');
    if (!value)
    {
        return false;
    }
    *value++ = 0;
    for (size_t i = 0; i < sizeof(kKeys) / sizeof(kKeys[0]); i++)
    {
        const unsigned key = kKeys[i].key;
        if (strcmp(kKeys[i].name, word) == 0 && (key & allowed) && !(key & options->given))
        {
            options->given |= key;
            return parse_value(kKeys[i].key, value, options);
        }
    }
    return false;
}

/* ---------------------------------------------------------------- ids */

static struct entry* add_entry(enum role role, bool udp, struct rdma_cm_id* id)
{
    struct entry* entry = calloc(1, sizeof(*entry));
    if (!entry)
    {
        return NULL;
    }
    entry->number = ++g_last_number;
    entry->role = role;
    entry->udp = udp;
    entry->last = "-";
    entry->id = id;
    id->context = entry;
    struct entry** end = &g_entries;
    while (*end)
    {
        end = &(*end)->next;
    }
    *end = entry;
    return entry;
}

static struct entry* find_entry(uint32_t number)
{
    struct entry* entry = g_entries;
    while (entry && entry->number != number)
    {
        entry = entry->next;
    }
    return entry;
}

static void free_qp(struct entry* entry)
{
    if (entry->qp)
    {
        ibv_destroy_qp(entry->qp);
    }
    if (entry->cq)
    {
        ibv_destroy_cq(entry->cq);
    }
    if (entry->pd)
    {
        ibv_dealloc_pd(entry->pd);
    }
}

/* All events of the id must have been acknowledged. */
static int destroy_entry(struct entry* entry)
{
    struct entry** place = &g_entries;
    while (*place != entry)
    {
        place = &(*place)->next;
    }
    *place = entry->next;
    free_qp(entry);
    const int error = error_of(rdma_destroy_id(entry->id));
    free(entry);
    return error;
}

/* ---------------------------------------------------------------- queue pairs */

/* A number that no verbs QP of this machine has: those are small. */
static uint32_t make_up_qpn(void)
{
    if (g_last_qpn == 0)
    {
        if (getrandom(&g_last_qpn, sizeof(g_last_qpn), 0) != sizeof(g_last_qpn))
        {
            g_last_qpn = (uint32_t)getpid() << 8;
        }
    }
    g_last_qpn = 0x800000 | ((g_last_qpn + 1) & 0x7fffff);
    return g_last_qpn;
}

static int modify_datagram_qp(struct entry* entry)
{
    struct ibv_qp_attr init = {
        .qp_state = IBV_QPS_INIT, .port_num = entry->id->port_num, .qkey = RDMA_UDP_QKEY};
    struct ibv_qp_attr rtr = {.qp_state = IBV_QPS_RTR};
    struct ibv_qp_attr rts = {.qp_state = IBV_QPS_RTS};
    const int mask = IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY;
    int error = ibv_modify_qp(entry->qp, &init, mask);
    error = error ? error : ibv_modify_qp(entry->qp, &rtr, IBV_QP_STATE);
    return error ? error : ibv_modify_qp(entry->qp, &rts, IBV_QP_STATE | IBV_QP_SQ_PSN);
}

static int make_qp(struct entry* entry)
{
    entry->pd = ibv_alloc_pd(entry->id->verbs);
    entry->cq = entry->pd ? ibv_create_cq(entry->id->verbs, 16, NULL, NULL, 0) : NULL;
    if (!entry->cq)
    {
        return errno ? errno : ENOMEM;
    }
    struct ibv_qp_init_attr attributes = {
        .send_cq = entry->cq,
        .recv_cq = entry->cq,
        .cap = {.max_send_wr = 8, .max_recv_wr = 8, .max_send_sge = 1, .max_recv_sge = 1},
        .qp_type = entry->udp ? IBV_QPT_UD : IBV_QPT_RC,
    };
    entry->qp = ibv_create_qp(entry->pd, &attributes);
    if (!entry->qp)
    {
        return errno ? errno : ENOMEM;
    }
    entry->qpn = entry->qp->qp_num;
    return entry->udp ? modify_datagram_qp(entry) : 0;
}

/* The number that is announced to the peer: what was asked for, or a made-up one, or a QP's. */
static int choose_qpn(struct entry* entry, const struct options* options)
{
    if (options->real)
    {
        return entry->qp ? 0 : make_qp(entry);
    }
    entry->qpn = options->given & KEY_QPN ? options->qpn : make_up_qpn();
    return 0;
}

static int modify_qp(struct entry* entry, enum ibv_qp_state state)
{
    struct ibv_qp_attr attributes = {.qp_state = state};
    int mask = 0;
    const int error = error_of(rdma_init_qp_attr(entry->id, &attributes, &mask));
    if (error)
    {
        return error;
    }
    if (mask & IBV_QP_MAX_DEST_RD_ATOMIC)
    {
        attributes.max_dest_rd_atomic = (uint8_t)entry->rr;
    }
    if (mask & IBV_QP_MAX_QP_RD_ATOMIC)
    {
        attributes.max_rd_atomic = (uint8_t)entry->depth;
    }
    return ibv_modify_qp(entry->qp, &attributes, mask);
}

static int make_ready(struct entry* entry)
{
    if (!entry->qp || entry->udp)
    {
        return 0;
    }
    const int error = modify_qp(entry, IBV_QPS_RTR);
    return error ? error : modify_qp(entry, IBV_QPS_RTS);
}

static void stop_qp(struct entry* entry)
{
    struct ibv_qp_attr attributes = {.qp_state = IBV_QPS_ERR};
    if (entry->qp)
    {
        ibv_modify_qp(entry->qp, &attributes, IBV_QP_STATE);
    }
}

/* ---------------------------------------------------------------- calls */

static struct rdma_conn_param conn_param(const struct entry* entry, const struct options* options)
{
    struct rdma_conn_param param = {
        .private_data = options->data,
        .private_data_len = (uint8_t)options->data_size,
        .responder_resources = (uint8_t)entry->rr,
        .initiator_depth = (uint8_t)entry->depth,
        .flow_control = (uint8_t)options->fc,
        .retry_count = options->given & KEY_RETRY ? (uint8_t)options->retry : 7,
        .rnr_retry_count = options->given & KEY_RNR ? (uint8_t)options->rnr : 7,
        .srq = (uint8_t)options->srq,
        .qp_num = entry->qpn,
    };
    return param;
}

static int set_ece(struct entry* entry, const struct options* options)
{
    struct ibv_ece ece = options->ece;
    return options->given & KEY_ECE ? error_of(rdma_set_local_ece(entry->id, &ece)) : 0;
}

static void choose_depths(struct entry* entry, const struct options* options)
{
    entry->rr = options->given & KEY_RR ? options->rr : entry->rr;
    entry->depth = options->given & KEY_DEPTH ? options->depth : entry->depth;
}

/* Asks the peer; the route is known. */
static int start_connect(struct entry* entry)
{
    const struct options* options = &entry->options;
    int error = choose_qpn(entry, options);
    if (!error && entry->qp && !entry->udp)
    {
        error = modify_qp(entry, IBV_QPS_INIT);
    }
    error = error ? error : set_ece(entry, options);
    if (error)
    {
        return error;
    }
    struct rdma_conn_param param = conn_param(entry, options);
    return error_of(rdma_connect(entry->id, &param));
}

static int accept_entry(struct entry* entry, const struct options* options)
{
    choose_depths(entry, options);
    int error = choose_qpn(entry, options);
    if (!error && entry->qp && !entry->udp)
    {
        error = modify_qp(entry, IBV_QPS_INIT);
    }
    error = error ? error : make_ready(entry);
    error = error ? error : set_ece(entry, options);
    if (error)
    {
        return error;
    }
    struct rdma_conn_param param = conn_param(entry, options);
    error = error_of(rdma_accept(entry->id, &param));
    entry->unanswered = entry->unanswered && error;
    return error;
}

static int reject_entry(struct entry* entry, const struct options* options)
{
    const int error = error_of(rdma_reject(entry->id, options->data, (uint8_t)options->data_size));
    entry->unanswered = entry->unanswered && error;
    return error;
}

static int establish_entry(struct entry* entry)
{
    int error = make_ready(entry);
    error = error ? error : error_of(rdma_establish(entry->id));
    entry->unanswered = false;
    return error;
}

static int disconnect_entry(struct entry* entry)
{
    stop_qp(entry); /* before the DREQ: nothing may be under way when the peer hears of it */
    return error_of(rdma_disconnect(entry->id));
}

/* ---------------------------------------------------------------- events */

/* What stays of an event when it has been acknowledged. */
struct happening
{
    enum rdma_cm_event_type type;
    int status;
    struct rdma_conn_param conn;
    uint32_t qpn, qkey; /* of a datagram service */
    uint8_t data[256];
    size_t data_size;
    struct entry* listener;
};

static void copy_data(struct happening* what, const void* data, size_t size)
{
    if (data)
    {
        memcpy(what->data, data, size);
        what->data_size = size;
    }
    while (what->data_size > 0 && what->data[what->data_size - 1] == 0)
    {
        what->data_size--;
    }
}

static bool is_error(enum rdma_cm_event_type type)
{
    return type == RDMA_CM_EVENT_ADDR_ERROR || type == RDMA_CM_EVENT_ROUTE_ERROR ||
           type == RDMA_CM_EVENT_CONNECT_ERROR || type == RDMA_CM_EVENT_UNREACHABLE ||
           type == RDMA_CM_EVENT_REJECTED;
}

static void say_event(struct entry* entry, const struct happening* what)
{
    char text[kMaxLine];
    const char* name = rdma_event_str(what->type);
    const char prefix[] = "RDMA_CM_EVENT_";
    name = strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
    entry->last = name;
    int length =
        snprintf(text, sizeof(text), "ev %u %s status=%d", entry->number, name, what->status);
    const bool request = what->type == RDMA_CM_EVENT_CONNECT_REQUEST;
    if (request)
    {
        length += snprintf(
            text + length, sizeof(text) - (size_t)length, " listen=%u", what->listener->number);
    }
    if (!entry->udp && (request || what->type == RDMA_CM_EVENT_CONNECT_RESPONSE))
    {
        const struct rdma_conn_param* conn = &what->conn;
        struct ibv_ece ece = {0};
        length += snprintf(text + length,
                           sizeof(text) - (size_t)length,
                           " rr=%u depth=%u fc=%u retry=%u rnr=%u srq=%u qpn=%u",
                           conn->responder_resources,
                           conn->initiator_depth,
                           conn->flow_control,
                           conn->retry_count,
                           conn->rnr_retry_count,
                           conn->srq,
                           conn->qp_num);
        if (rdma_get_remote_ece(entry->id, &ece) == 0 && (ece.vendor_id || ece.options))
        {
            length += snprintf(text + length,
                               sizeof(text) - (size_t)length,
                               " ece=0x%x:0x%x",
                               ece.vendor_id,
                               ece.options);
        }
    }
    if (entry->udp && what->type == RDMA_CM_EVENT_ESTABLISHED)
    {
        length += snprintf(text + length,
                           sizeof(text) - (size_t)length,
                           " qpn=%u qkey=0x%08x",
                           what->qpn,
                           what->qkey);
    }
    if (what->data_size > 0)
    {
        length += snprintf(text + length, sizeof(text) - (size_t)length, " data=");
    }
    for (size_t i = 0; i < what->data_size; i++)
    {
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%02x", what->data[i]);
    }
    say("%s", text);
}

static void say_failure(const struct entry* entry, const char* what, int error)
{
    if (error)
    {
        say("fail %u %s %d", entry->number, what, error);
    }
}

static void answer_request(struct entry* entry)
{
    entry->unanswered = true;
    if (g_policy == POLICY_ACCEPT)
    {
        say_failure(entry, "accept", accept_entry(entry, &g_policy_options));
    }
    if (g_policy == POLICY_REJECT)
    {
        say_failure(entry, "reject", reject_entry(entry, &g_policy_options));
    }
}

static void answer_response(struct entry* entry)
{
    entry->unanswered = true;
    const int error = g_auto.establish ? establish_entry(entry) : 0;
    if (error)
    {
        const struct happening what = {.type = RDMA_CM_EVENT_CONNECT_ERROR, .status = -error};
        rdma_reject(entry->id, NULL, 0);
        say_event(entry, &what);
    }
}

/* Whether nothing can come after what the id has just told or done. */
static bool is_over(const struct entry* entry, const struct happening* what)
{
    if (entry->role == ROLE_PASSIVE && what->type == RDMA_CM_EVENT_CONNECT_REQUEST)
    {
        return !entry->unanswered && (entry->udp || g_policy == POLICY_REJECT);
    }
    return is_error(what->type) || what->type == RDMA_CM_EVENT_TIMEWAIT_EXIT ||
           what->type == RDMA_CM_EVENT_DEVICE_REMOVAL ||
           (entry->udp && what->type == RDMA_CM_EVENT_ESTABLISHED);
}

static void handle(struct entry* entry, const struct happening* what)
{
    bool failed = false;
    say_event(entry, what);
    switch (what->type)
    {
    case RDMA_CM_EVENT_ADDR_RESOLVED:
    {
        const int error = error_of(rdma_resolve_route(entry->id, kResolveMs));
        say_failure(entry, "route", error);
        failed = error != 0;
        break;
    }
    case RDMA_CM_EVENT_ROUTE_RESOLVED:
    {
        const int error = start_connect(entry);
        say_failure(entry, "connect", error);
        failed = error != 0;
        break;
    }
    case RDMA_CM_EVENT_CONNECT_REQUEST:
        answer_request(entry);
        break;
    case RDMA_CM_EVENT_CONNECT_RESPONSE:
        answer_response(entry);
        failed = strcmp(entry->last, "CONNECT_ERROR") == 0;
        break;
    case RDMA_CM_EVENT_DISCONNECTED:
        entry->unanswered = false;
        if (g_auto.disconnect)
        {
            say_failure(entry, "disconnect", disconnect_entry(entry));
        }
        break;
    case RDMA_CM_EVENT_REJECTED:
    case RDMA_CM_EVENT_UNREACHABLE:
        entry->unanswered = false;
        stop_qp(entry);
        break;
    default:
        break;
    }
    if (g_auto.destroy && (failed || is_over(entry, what)))
    {
        destroy_entry(entry);
    }
}

static struct entry* entry_of_event(const struct rdma_cm_event* event, struct happening* what)
{
    if (event->event != RDMA_CM_EVENT_CONNECT_REQUEST)
    {
        return event->id->context;
    }
    what->listener = event->listen_id->context;
    struct entry* entry = add_entry(ROLE_PASSIVE, what->listener->udp, event->id);
    if (entry)
    {
        entry->rr = event->param.conn.responder_resources;
        entry->depth = event->param.conn.initiator_depth;
    }
    return entry;
}

static void take_event(struct rdma_cm_event* event)
{
    struct happening what = {.type = event->event, .status = event->status};
    struct entry* entry = entry_of_event(event, &what);
    if (entry && entry->udp)
    {
        what.qpn = event->param.ud.qp_num;
        what.qkey = event->param.ud.qkey;
        copy_data(&what, event->param.ud.private_data, event->param.ud.private_data_len);
    }
    else if (entry)
    {
        what.conn = event->param.conn;
        copy_data(&what, event->param.conn.private_data, event->param.conn.private_data_len);
    }
    struct rdma_cm_id* id = event->id;
    rdma_ack_cm_event(event);
    if (!entry)
    {
        rdma_destroy_id(id);
        return;
    }
    handle(entry, &what);
}

static void take_events(void)
{
    struct rdma_cm_event* event = NULL;
    while (rdma_get_cm_event(g_channel, &event) == 0)
    {
        take_event(event);
    }
}

/* ---------------------------------------------------------------- commands */

struct command
{
    const char* verb;
    char* words[2]; /* those without '=' */
    uint32_t number;
    struct entry* entry; /* that the number names */
    struct options options;
};

static enum rdma_port_space port_space(const struct options* options)
{
    return options->udp ? RDMA_PS_UDP : RDMA_PS_TCP;
}

static void do_listen(struct command* c)
{
    struct sockaddr_storage address = c->options.ip;
    uint32_t port = 0;
    struct rdma_cm_id* id = NULL;
    if (!parse_number(c->words[0], 1, 65535, &port))
    {
        refuse(c->verb, EINVAL, "a port is 1..65535");
        return;
    }
    if (rdma_create_id(g_channel, &id, NULL, port_space(&c->options)))
    {
        refuse(c->verb, errno, NULL);
        return;
    }
    if (!(c->options.given & KEY_IP))
    {
        address.ss_family = AF_INET6; /* and IPv4 */
    }
    set_port(&address, port);
    const int backlog = c->options.given & KEY_BACKLOG ? (int)c->options.backlog : kDefaultBacklog;
    int error = error_of(rdma_bind_addr(id, (struct sockaddr*)&address));
    error = error ? error : error_of(rdma_listen(id, backlog));
    struct entry* entry = error ? NULL : add_entry(ROLE_LISTENER, c->options.udp, id);
    if (!entry)
    {
        rdma_destroy_id(id);
        refuse(c->verb, error ? error : ENOMEM, NULL);
        return;
    }
    say("ok %s id=%u", c->verb, entry->number);
}

static int prepare_connect(struct rdma_cm_id* id, const struct options* options)
{
    uint8_t timeout = (uint8_t)options->acktimeout;
    return options->given & KEY_ACKTIMEOUT
               ? error_of(rdma_set_option(
                     id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &timeout, sizeof(timeout)))
               : 0;
}

static void do_connect(struct command* c)
{
    struct sockaddr_storage address;
    uint32_t port = 0;
    struct rdma_cm_id* id = NULL;
    if (!parse_address(c->words[0], &address) || !parse_number(c->words[1], 1, 65535, &port))
    {
        refuse(c->verb, EINVAL, "wants an IP address and a port of 1..65535");
        return;
    }
    if (c->options.data_size > (c->options.udp ? kSidrReqData : kReqData))
    {
        refuse(c->verb, EINVAL, "more data than a request holds");
        return;
    }
    if (rdma_create_id(g_channel, &id, NULL, port_space(&c->options)))
    {
        refuse(c->verb, errno, NULL);
        return;
    }
    const int error = prepare_connect(id, &c->options);
    struct entry* entry = error ? NULL : add_entry(ROLE_ACTIVE, c->options.udp, id);
    if (!entry)
    {
        rdma_destroy_id(id);
        refuse(c->verb, error ? error : ENOMEM, NULL);
        return;
    }
    entry->options = c->options;
    entry->rr = 1;
    entry->depth = 1;
    choose_depths(entry, &c->options);
    say("ok %s id=%u", c->verb, entry->number);
    set_port(&address, port);
    /* What cannot even be asked is told like what came to nothing: scripts need not tell them
     * apart.
     */
    if (rdma_resolve_addr(id, NULL, (struct sockaddr*)&address, kResolveMs))
    {
        const struct happening what = {.type = RDMA_CM_EVENT_ADDR_ERROR, .status = -errno};
        handle(entry, &what);
    }
}

static void do_policy(struct command* c)
{
    const char* const names[] = {"accept", "hold", "reject"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    {
        if (strcmp(names[i], c->words[0]) == 0)
        {
            g_policy = (enum policy)i;
            g_policy_options = c->options;
            answer(c->verb, 0);
            return;
        }
    }
    refuse(c->verb, EINVAL, "wants hold, accept or reject");
}

static void do_auto(struct command* c)
{
    const unsigned given = c->options.given;
    g_auto.establish = given & KEY_ESTABLISH ? c->options.establish : g_auto.establish;
    g_auto.disconnect = given & KEY_DISCONNECT ? c->options.disconnect : g_auto.disconnect;
    g_auto.destroy = given & KEY_DESTROY ? c->options.destroy : g_auto.destroy;
    answer(c->verb, 0);
}

static void do_accept(struct command* c)
{
    struct entry* entry = c->entry;
    if (entry->role != ROLE_PASSIVE || !entry->unanswered)
    {
        refuse(c->verb, EINVAL, "no request that waits for an answer");
        return;
    }
    if (c->options.data_size > (entry->udp ? kSidrRepData : kRepData))
    {
        refuse(c->verb, EINVAL, "more data than an answer holds");
        return;
    }
    answer(c->verb, accept_entry(entry, &c->options));
    if (g_auto.destroy && entry->udp && !entry->unanswered)
    {
        destroy_entry(entry);
    }
}

static void do_reject(struct command* c)
{
    struct entry* entry = c->entry;
    if (c->options.data_size > (entry->udp ? kSidrRepData : kRejData))
    {
        refuse(c->verb, EINVAL, "more data than a rejection holds");
        return;
    }
    const int error = reject_entry(entry, &c->options);
    answer(c->verb, error);
    if (g_auto.destroy && !error)
    {
        destroy_entry(entry);
    }
}

static void do_establish(struct command* c)
{
    if (c->entry->role != ROLE_ACTIVE || !c->entry->unanswered)
    {
        refuse(c->verb, EINVAL, "no response that waits for an answer");
        return;
    }
    answer(c->verb, establish_entry(c->entry));
}

static void do_disconnect(struct command* c)
{
    answer(c->verb, disconnect_entry(c->entry));
}

static void do_destroy(struct command* c)
{
    answer(c->verb, destroy_entry(c->entry));
}

static void do_notify(struct command* c)
{
    answer(c->verb, error_of(rdma_notify(c->entry->id, IBV_EVENT_COMM_EST)));
}

static void do_dump(struct command* c)
{
    for (const struct entry* entry = g_entries; entry; entry = entry->next)
    {
        say("id %u %s ps=%s last=%s%s",
            entry->number,
            kRoleNames[entry->role],
            entry->udp ? "udp" : "tcp",
            entry->last,
            entry->unanswered ? " unanswered" : "");
    }
    answer(c->verb, 0);
}

static void do_quit(struct command* c)
{
    (void)c;
    g_leaving = true;
}

static const struct
{
    const char* verb;
    int words;     /* that must come after it, those without '=' */
    bool names_id; /* the first of them is an id's number */
    unsigned keys;
    void (*run)(struct command*);
} kCommands[] = {
    {"listen", 1, false, KEY_PS | KEY_BACKLOG | KEY_IP, do_listen},
    {"policy", 1, false, KEYS_CONN, do_policy},
    {"auto", 0, false, KEY_ESTABLISH | KEY_DISCONNECT | KEY_DESTROY, do_auto},
    {"accept", 1, true, KEYS_CONN, do_accept},
    {"reject", 1, true, KEY_DATA, do_reject},
    {"connect", 2, false, KEYS_CONN | KEY_PS | KEY_ACKTIMEOUT, do_connect},
    {"establish", 1, true, 0, do_establish},
    {"disconnect", 1, true, 0, do_disconnect},
    {"destroy", 1, true, 0, do_destroy},
    {"notify", 1, true, 0, do_notify},
    {"dump", 0, false, 0, do_dump},
    {"quit", 0, false, 0, do_quit},
};

/* Fills in what the words say; false if they have been refused. */
static bool read_words(struct command* c, char** words, int count, int wanted, unsigned keys)
{
    int plain = 0;
    for (int i = 0; i < count; i++)
    {
        char text[kMaxLine + 32];
        snprintf(text, sizeof(text), "cannot take '%s'", words[i]);
        if (plain < wanted && !strchr(words[i], '='))
        {
            c->words[plain++] = words[i];
        }
        else if (!parse_option(words[i], keys, &c->options))
        {
            refuse(c->verb, EINVAL, text);
            return false;
        }
    }
    if (plain < wanted)
    {
        refuse(c->verb, EINVAL, "something is missing");
        return false;
    }
    return true;
}

static bool find_id(struct command* c)
{
    if (!parse_number(c->words[0], 0, UINT32_MAX, &c->number))
    {
        refuse(c->verb, EINVAL, "an id is a number");
        return false;
    }
    c->entry = find_entry(c->number);
    if (!c->entry)
    {
        refuse(c->verb, ENOENT, "there is no such id");
    }
    return c->entry != NULL;
}

static void run_line(char* line)
{
    char* words[kMaxWords];
    int count = 0;
    char* rest = NULL;
    for (char* word = strtok_r(line, " \t\r", &rest); word && count < kMaxWords;
         word = strtok_r(NULL, " \t\r", &rest))
    {
        words[count++] = word;
    }
    if (count == 0)
    {
        return;
    }
    for (size_t i = 0; i < sizeof(kCommands) / sizeof(kCommands[0]); i++)
    {
        if (strcmp(kCommands[i].verb, words[0]) != 0)
        {
            continue;
        }
        struct command c = {.verb = words[0]};
        if (read_words(&c, words + 1, count - 1, kCommands[i].words, kCommands[i].keys) &&
            (!kCommands[i].names_id || find_id(&c)))
        {
            kCommands[i].run(&c);
        }
        return;
    }
    refuse(words[0], EINVAL, "no such command");
}

/* Takes what has come in; false at its end. */
static bool take_input(void)
{
    static char buffer[kMaxLine];
    static size_t size;
    const ssize_t more = read(STDIN_FILENO, buffer + size, sizeof(buffer) - size);
    if (more <= 0)
    {
        return more < 0 && errno == EINTR;
    }
    size += (size_t)more;
    char* end = NULL;
    while (!g_leaving && (end = memchr(buffer, '\n', size)))
    {
        const size_t length = (size_t)(end - buffer) + 1;
        *end = 0;
        run_line(buffer);
        size -= length;
        memmove(buffer, buffer + length, size);
    }
    if (size == sizeof(buffer))
    {
        refuse("line", EINVAL, "too long");
        size = 0;
    }
    return true;
}

static void serve(void)
{
    struct pollfd sources[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = g_channel->fd, .events = POLLIN},
    };
    bool open = true;
    while (open && !g_leaving)
    {
        if (poll(sources, 2, -1) < 0 && errno != EINTR)
        {
            break;
        }
        if (sources[1].revents)
        {
            take_events();
        }
        if (sources[0].revents)
        {
            open = take_input();
        }
    }
    while (g_entries)
    {
        destroy_entry(g_entries);
    }
    if (g_leaving)
    {
        say("ok quit");
    }
}

int main(void)
{
    g_channel = rdma_create_event_channel();
    if (!g_channel)
    {
        fprintf(stderr,
                "rdmacm-shell: no rdma_cm (%s): is the module rdma_ucm loaded?\n",
                strerror(errno));
        return 2;
    }
    const int flags = fcntl(g_channel->fd, F_GETFL);
    if (flags < 0 || fcntl(g_channel->fd, F_SETFL, flags | O_NONBLOCK) < 0)
    {
        perror("rdmacm-shell: event channel");
        return 3;
    }
    say("app ready");
    serve();
    rdma_destroy_event_channel(g_channel);
    return 0;
}
