# Two commands do all set-up: `make run` and `make test`. Both work with Node 20 and npm alone.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NO_UPDATE_NOTIFIER := 1
.PHONY: run test check bench bundle manifests generate format install clean

run: node_modules/.installed
	@exec node examples/contacts/run.js

test: node_modules/.installed
	@exec node test/report/run-tests-main.ts $(ONLY)

check: node_modules/.installed
	npm run --silent check

bench: node_modules/.installed
	@exec node --expose-gc test/bench/bench-main.ts $(ONLY)

# Runner, recorder and operator as images have them, in dist/.
bundle: node_modules/.installed
	@node runtime/bundle/bundle-main.ts

# What a cluster gets the operator by, in dist/install.yaml.
manifests: node_modules/.installed
	@WEIR_IMAGE=$(IMAGE) WEIR_NAMESPACE=$(NAMESPACE) node operator/install/manifests-main.ts

generate: node_modules/.installed
	npm run --silent generate

format: node_modules/.installed
	npm run --silent format

install: node_modules/.installed

# Written last, so that an install that was cut off is done again.
node_modules/.installed: package.json package-lock.json
	# Not `npm ci`: it refuses a lock without the optional packages of platforms that a registry does not carry.
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

clean:
	rm -rf node_modules dist
