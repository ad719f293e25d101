# astro-sync in a Makefile: `include astro-sync.mk`, then `make local-to-deploy DEPLOYMENT=<id> ENV_FILE=.env.dev`.
#
#   DEPLOYMENT       the Deployment's id; without it, the one that the environment or .astro-sync.toml names
#   ENV_FILE         the local file; without it, .env or the one that .astro-sync.toml names (env-export: .env)
#   ASTRO_SYNC_ARGS  further options, for instance '--target dev --dry-run'
#   ASTRO_SYNC       the program, where it is not the astro-sync on PATH
#
# They may stand on make's command line, in the environment, or in the Makefile above or below the include. Needs GNU
# make 3.81 or later. Nothing around the include changes: the default target stays the default, a `help` of yours wins,
# no variable gets a default here (a `?=` further down would then do nothing), and each recipe stands behind a `;`,
# where it does not matter what .RECIPEPREFIX is.

astro_sync_default_goal := $(.DEFAULT_GOAL)
astro_sync_file := $(lastword $(MAKEFILE_LIST))
astro_sync_targets := local-to-deploy deploy-to-local env-export env-diff env-check

.PHONY: $(astro_sync_targets)
local-to-deploy: ## Carry what local Airflow has into .env and to the Deployment
deploy-to-local: ## Carry the Deployment's variables into .env
env-export: ## Carry what local Airflow has into .env, and no further
env-diff: ## Show which keys differ between .env and the Deployment
env-check: ## Find what will bite in .env

local-to-deploy: ; @$(call astro_sync_run,local-to-deploy) $(astro_sync_both_sides)
deploy-to-local: ; @$(call astro_sync_run,deploy-to-local) $(astro_sync_both_sides)
env-export: ; @$(call astro_sync_run,merge) -- airflow: $(call astro_sync_quote,$(call astro_sync_given,ENV_FILE,.env))
env-diff: ; @$(call astro_sync_run,diff) $(astro_sync_both_sides)
env-check: ; @$(call astro_sync_run,check) $(call astro_sync_option,--,ENV_FILE)

# A pattern rule gives way to an explicit one, silently and wherever that stands. It exists only where help is asked
# for, so that it is never tried for another file.
ifneq ($(filter help,$(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))),)
.PHONY: astro_sync_always
astro_sync_always: ;
h%lp: astro_sync_always ; @sed -n 's/^\([a-z-]*\): ## \(.*\)/make \1	\2/p' $(call astro_sync_quote,$(astro_sync_file))
endif

# Several of them in one `make -j` run one after the other, in the order in which they were typed.
astro_sync_earlier :=
$(foreach target,$(filter $(astro_sync_targets),$(MAKECMDGOALS)),$(if $(filter $(target),$(astro_sync_earlier)),,\
  $(eval $(target): | $(astro_sync_earlier))$(eval astro_sync_earlier += $(target))))

astro_sync_run = $(astro_sync_environment)$(call astro_sync_given,ASTRO_SYNC,astro-sync) $(1)\
  $(call astro_sync_given,ASTRO_SYNC_ARGS,)
astro_sync_both_sides = $(call astro_sync_option,--deployment-id,DEPLOYMENT) $(call astro_sync_option,--env,ENV_FILE)
# Not as --deployment-id, which would stand beside a --target instead of behind it.
astro_sync_environment = $(if $(call astro_sync_given,ASTRO_SYNC_DEPLOYMENT_ID,),ASTRO_SYNC_DEPLOYMENT_ID=$(call \
  astro_sync_quote,$(ASTRO_SYNC_DEPLOYMENT_ID)) )
astro_sync_option = $(if $(call astro_sync_given,$(2),),$(1) $(call astro_sync_quote,$($(2))))
astro_sync_given = $(if $(filter-out undefined,$(origin $(1))),$(or $($(1)),$(2)),$(2))
astro_sync_quote = '$(subst ','\'',$(1))'

.DEFAULT_GOAL := $(astro_sync_default_goal)
