# make            both programs, in build/
# make run        a server with sample data and the client on it; needs nothing but this
# make test       what a change must pass (does all its own set-up)
# make check      format, lint, and the tests again under ASan+UBSan and TSan
# make bench      speeds, as ratios within one run
# make bench-search  the index by itself over ROWS rows, against its bounds; kept in build/bench; and
#                 an import of LIVE_ROWS beside searches
# make bench-peers   the index beside PEERS (all: SQLite, DuckDB, PostgreSQL, Lucene, ...)
# make bench-https   searches and reveals through HTTPS over ROWS rows; kept in build/bench
# make fuzz       every fuzzer for FUZZ_SECONDS (10)
# make oracle     ORACLE (100,000) random searches against brute force; SEED replays
# make limits     LIMITS (1,000,000) random schedules of the rate limiter; SEED replays
# make fresh      the README's two commands in a bare debootstrap root
# make deps       the packages that building and testing need (Debian 12, root)
# make sample     fill DATA with ROWS sample profiles
# make install    into $(DESTDIR)$(PREFIX)
#
# Knobs: CC, CFLAGS, SAN=address,undefined, V=1 (show commands), and WERROR= for packages, which must
# survive compilers newer than we are.

comma   := ,
BUILD   ?= build$(if $(SAN),-$(firstword $(subst $(comma), ,$(SAN))))
Q       := $(if $(V),,@)
PREFIX  ?= /usr/local
VERSION := 0.1.0

CFLAGS ?= -O2 -g
WERROR ?= -Werror
STRICT := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wundef \
	-Wno-missing-field-initializers $(WERROR)
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection
ifneq ($(SAN),)
HARDEN += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -DSANITIZED=1
else
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fcf-protection
endif
ALL_CFLAGS = $(STRICT) -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DVERSION='"$(VERSION)"' -I. \
	-include common/banned.h -MMD -MP -pthread $(HARDEN) $(CFLAGS)
LINK = $(CC) $(ALL_CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS)

COMMON_LIBS = -lcjson -lsodium -lutf8proc -lm
SERVER_LIBS = -lmicrohttpd -lgnutls -lsqlite3 -lz -lidn2 -lhiredis -lseccomp -lcurl $(COMMON_LIBS)
TUI_LIBS    = -lncursesw -ltinfo -lcurl -lqrencode $(COMMON_LIBS)

obj     = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))
COMMON := $(call obj,common/*.c)
SERVER := $(call obj,server/*.c server/*/*.c)
TUI    := $(call obj,tui/*.c tui/*/*.c)
TESTS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c tests/contract/*.c tests/fault/*.c))
BENCH  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c tests/load/*.c))
SOURCE := $(wildcard */*.[ch] */*/*.[ch])

all: $(BUILD)/leadgend $(BUILD)/leadgen

$(BUILD)/leadgend: $(SERVER) $(COMMON)
$(BUILD)/leadgend: LDLIBS = $(SERVER_LIBS)
$(BUILD)/leadgen: $(TUI) $(COMMON)
$(BUILD)/leadgen: LDLIBS = $(TUI_LIBS)
$(TESTS) $(BENCH): LDLIBS = $(SERVER_LIBS) $(TUI_LIBS) $(EXTRA_LIBS)
$(TESTS) $(BENCH): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/all.a
# Its allocator fails on demand.
$(BUILD)/tests/unit/oom $(BUILD)/tests/fault/request_memory \
$(BUILD)/tests/fault/upload_memory: LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

$(BUILD)/leadgend $(BUILD)/leadgen $(TESTS) $(BENCH):
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/all.a: $(COMMON) $(filter-out %/main.o,$(SERVER) $(TUI))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

tests: all $(TESTS) $(BENCH)

deps:
	@sh packaging/deps.sh

test:
	@sh packaging/deps.sh
	@$(MAKE) --no-print-directory -j2 tests
	@BUILD=$(BUILD) sh tests/run.sh

run:
	@sh packaging/deps.sh run
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) sh packaging/run.sh

check: deps
	sh tests/lint.sh
	$(MAKE) test
	$(MAKE) SAN=address,undefined CFLAGS="-O1 -g" test
	$(MAKE) SAN=thread CFLAGS="-O1 -g" test

bench: deps
	@$(MAKE) --no-print-directory -j2 tests
	@BUILD=$(BUILD) sh tests/bench/run.sh

LIVE_ROWS ?= 1000000
bench-search: $(BUILD)/tests/bench/scale $(BUILD)/tests/bench/upload
	@mkdir -p $(BUILD)/bench
	@code=0; BENCH_DIR=$(BUILD)/bench $< $(ROWS) || code=$$?; \
	BENCH_DIR=$(BUILD)/bench LIVE=1 $(BUILD)/tests/bench/upload $(LIVE_ROWS) && exit $$code

bench-peers: $(BUILD)/tests/bench/peers
	ROWS=$(ROWS) BUILD=$(BUILD) sh tests/bench/peers/run.sh $(PEERS)

bench-https: deps
	@$(MAKE) --no-print-directory -j2 tests
	@BUILD=$(BUILD) ROWS=$(if $(filter file,$(origin ROWS)),2000000,$(ROWS)) sh tests/bench/https.sh

fuzz: deps
	@sh tests/fuzz/run.sh

ORACLE ?= 100000
oracle: $(BUILD)/tests/unit/search
	ORACLE=$(ORACLE) $(BUILD)/tests/unit/search

LIMITS ?= 1000000
limits: $(BUILD)/tests/unit/limits
	LIMITS=$(LIMITS) $(BUILD)/tests/unit/limits

fresh:
	@sh packaging/fresh.sh

DATA ?= ./data
ROWS ?= 100000
sample: $(BUILD)/leadgend
	$(BUILD)/leadgend --data $(DATA) sample --rows $(ROWS)

SHARE = $(DESTDIR)$(PREFIX)/share
install: all
	install -D -m 755 $(BUILD)/leadgend $(DESTDIR)$(PREFIX)/sbin/leadgend
	install -D -m 755 $(BUILD)/leadgen $(DESTDIR)$(PREFIX)/bin/leadgen
	install -D -m 644 -t $(SHARE)/leadgen/themes themes/*.theme
	install -D -m 644 -t $(SHARE)/man/man1 packaging/man/*.1
	install -D -m 644 -t $(SHARE)/man/man8 packaging/man/*.8
	$(BUILD)/leadgen completion bash | \
		install -D -m 644 /dev/stdin $(SHARE)/bash-completion/completions/leadgen
	$(BUILD)/leadgen completion zsh | \
		install -D -m 644 /dev/stdin $(SHARE)/zsh/site-functions/_leadgen
	$(BUILD)/leadgen completion fish | \
		install -D -m 644 /dev/stdin $(SHARE)/fish/vendor_completions.d/leadgen.fish

fmt:
	clang-format -i $(SOURCE)

clean:
	rm -rf build build-*

.PHONY: all tests deps test run check bench bench-search bench-peers bench-https fuzz oracle limits \
	fresh sample install fmt clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
