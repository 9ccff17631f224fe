# LifeVerse servers. `make` lists what there is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Of the block for benchmarks (RFC 2544): nobody's, and no loopback address, from which Quilkin takes nothing.
EDGE := 198.18.0.1
NODE := node --disable-warning=ExperimentalWarning
.DEFAULT_GOAL := help
.PHONY: help check static test demo chaos test-quilkin quilkin bench unreal images up status down reset parts deploy-cluster destroy-cluster pins cost-notes release rollback

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package-lock.json
	npm ci
	@touch $@

check: static ## types, lint, format, unused code, and the tests that need no process: the fast loop
	mocha --config test/pure.mocharc.mjs

static: node_modules/.package-lock.json
	tsc
	oxlint
	oxfmt --check
	knip

test: static parts ## everything, and Ctrl-C ends all of it; one file: mocha test/FILE
	@$(NODE) test/in-lanes.ts

parts: node_modules/.package-lock.json ## get the real parts: etcd, kube-apiserver, a document database, Redis
	@$(NODE) local/main.ts parts

demo: node_modules/.package-lock.json ## the whole system and 24 bot players, until Ctrl-C (ONCE=1: 40 matches, then a verdict)
	@$(NODE) local/demo/main.ts

chaos: node_modules/.package-lock.json ## 2,000 allocations while processes are killed at random; counts what was lost, doubled, orphaned
	@$(NODE) local/chaos/main.ts

quilkin: node_modules/.package-lock.json ## build Quilkin, the optional UDP proxy, into the cache (a quarter of an hour), and say where it is
	@$(NODE) local/main.ts quilkin

test-quilkin: node_modules/.package-lock.json parts quilkin ## the real Quilkin before the local stack, in a network of its own (root, iproute2); not part of make test
	@unshare --net sh -c 'ip link set lo up && ip address add $(EDGE)/32 dev lo && LOCAL_REGISTRIES_ONLY=1 UDP_EDGE=$(EDGE) exec env -u MONGO_URL -u REDIS_URL mocha test/quilkin/real-proxies.ts'

bench: node_modules/.package-lock.json ## measure every hot path; takes minutes, and wants the machine for itself
	@for file in allocator ceiling placement sdk-bridge; do $(NODE) bench/$$file.ts || exit 1; done

unreal: ## stage the Unreal plugin with its core; UE_ROOT=folder: have Unreal's BuildPlugin compile it
	@unreal/build-plugin.sh

images: node_modules/.package-lock.json ## build the images; REGISTRY=registry/path, PUSH=1, TAG=…, ONLY=name,…, QUILKIN=file
	@$(NODE) deploy/images/main.ts

up: node_modules/.package-lock.json ## start the whole system in the background
	@$(NODE) local/main.ts up

status: node_modules/.package-lock.json ## what of it runs, and where
	@$(NODE) local/main.ts status

down: node_modules/.package-lock.json ## stop it; its data stays
	@$(NODE) local/main.ts down

reset: node_modules/.package-lock.json ## stop it and forget its data; the cache of built parts stays
	@$(NODE) local/main.ts reset

deploy-cluster: node_modules/.package-lock.json ## from a Google Cloud project to fleets: ENV=dev|staging|prod (PLAN=1: only show it; YES=1: ask nothing)
	@ENV="$(ENV)" PLAN="$(PLAN)" YES="$(YES)" TAG="$(TAG)" REGIONS="$(REGIONS)" QUILKIN="$(QUILKIN)" $(NODE) deploy/cluster/main.ts deploy

destroy-cluster: node_modules/.package-lock.json ## take an environment away: ENV=… (PLAN=1, YES=1; prod: CONFIRM=prod)
	@ENV="$(ENV)" PLAN="$(PLAN)" YES="$(YES)" CONFIRM="$(CONFIRM)" REGIONS= $(NODE) deploy/cluster/main.ts destroy

pins: node_modules/.package-lock.json ## resolve the newest charts and base images where they are published, into deploy/pins.json (ONLY=charts|images)
	@$(NODE) deploy/pins/main.ts

cost-notes: node_modules/.package-lock.json ## write what each environment costs by default into its COST.txt, from a plan without a cloud
	@$(NODE) test/terraform/cost/main.ts

release: node_modules/.package-lock.json ## a build of the game beside the present one, which then leaves: BUILD=1.4.2 (ENV=dev, FLEETS=…, PLAN=1)
	@$(NODE) deploy/release/main.ts release

rollback: node_modules/.package-lock.json ## back to the build before the last release (ENV=dev, FLEETS=…, PLAN=1)
	@$(NODE) deploy/release/main.ts rollback
