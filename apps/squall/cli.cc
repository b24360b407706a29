#include "cli.h"

#include "cli_doctor.h"
#include "cli_lab_api.h"
#include "cli_lab_break.h"
#include "cli_lab_up.h"
#include "cli_monitor.h"
#include "output.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <sstream>

namespace squall::app {
namespace {

void add_experiment(CLI::App& command, ExperimentArguments& into) {
    command.add_option("FILE", into.file, "an experiment file (YAML)");
    command.add_option(
        "--fault", into.fault, "a fault by name, instead of a file; `squall faults` lists them");
    command.add_option("--set", into.settings, "a tunable: NAME=VALUE; may be given several times")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command.add_flag("--json", into.json, "machine-readable output: one JSON object a line");
}

// Of the commands that make a plan, or say what one needs.
void add_monitoring(CLI::App& command, ExperimentArguments& into) {
    command.add_option("--announce",
                       into.announce,
                       "an EventBridge bus (name or ARN) that a run tells when it begins and ends, "
                       "so that a squall monitor expects it; as --set ANNOUNCE_BUS");
    command.add_option("--monitor",
                       into.monitor,
                       "a squall monitor, http://HOST:PORT or unix:/PATH, whose open incidents "
                       "refuse a run; as --set MONITOR_URL");
}

// Every subcommand with what it fills in.
struct Parser {
    CLI::App app{"Squall breaks Amazon ECS container instances on purpose, and puts them back.\n"};
    FaultsCommand faults;
    PlanCommand plan;
    RunCommand run;
    CheckCommand check;
    SweepCommand sweep;
    PolicyCommand policy;
    StatusCommand status;
    RunsCommand runs;
    AbortCommand abort;
    RecoverCommand recover;
    HelperPublishCommand helper_publish;
    LabUpCommand lab_up;
    LabStatusCommand lab_status;
    LabEventsCommand lab_events;
    LabMailCommand lab_mail;
    LabApiCommand lab_api;
    LabBreakCommand lab_break;
    LabBreakCommand lab_mend;
    LabSpotCommand lab_spot;
    LabExecCommand lab_exec;
    MonitorSimulateCommand monitor_simulate;
    MonitorGenerateCommand monitor_generate;
    MonitorRunCommand monitor_run;
    MonitorStatusCommand monitor_status;
    MonitorExplainCommand monitor_explain;
    MonitorMuteCommand monitor_mute;
    MonitorUnmuteCommand monitor_unmute;
    DoctorCommand doctor;
    DoctorCollectCommand doctor_collect;
    std::vector<std::string> after_dashes;
    CompletionCommand completion;
    bool wants_version = false;
    Command chosen = Answered{exit_usage};

    Parser() {
        app.require_subcommand(0, 1);
        app.add_flag("--version", wants_version, "which squall this is: release, commit, SHA-256");
        app.footer(
            "Try it without an AWS account: squall lab up --detach; eval \"$(squall lab env)\"");
        add_experiments();
        add_history();
        add_helper();
        add_lab();
        add_monitor();
        add_doctor();
        CLI::App* command = add(app,
                                "completion",
                                "print what makes a shell complete squall's words: bash, zsh, fish",
                                [this] { return Command(completion); });
        command->add_option("SHELL", completion.shell, "bash, zsh or fish")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    }

    CLI::App* add(CLI::App& to,
                  const std::string& name,
                  const std::string& summary,
                  std::function<Command()> result) {
        CLI::App* command = to.add_subcommand(name, summary);
        command->final_callback([this, result = std::move(result)] { chosen = result(); });
        return command;
    }

    void add_experiments() {
        CLI::App* command = add(
            app, "faults", "list the faults, or explain one", [this] { return Command(faults); });
        command->add_option("NAME", faults.name, "a fault");
        command->add_flag("--json", faults.json, "machine-readable output");

        command = add(app, "plan", "show what a run would do, and do nothing", [this] {
            return Command(plan);
        });
        add_experiment(*command, plan.experiment);
        add_monitoring(*command, plan.experiment);
        command->add_flag(
            "--scripts", plan.scripts, "show the commands that the hosts would run, too");

        command = add(app, "run", "run an experiment; Ctrl-C ends the fault at once", [this] {
            return Command(run);
        });
        add_experiment(*command, run.experiment);
        add_monitoring(*command, run.experiment);
        command->add_option(
            "--plan",
            run.plan_hash,
            "the hash that `squall plan` showed: refuse if the world has changed since");

        command = add(app,
                      "check",
                      "look for what would keep a run from its work, and do nothing",
                      [this] { return Command(check); });
        add_experiment(*command, check.experiment);
        add_monitoring(*command, check.experiment);

        command =
            add(app, "sweep", "list what runs have left on the hosts of an experiment", [this] {
                return Command(sweep);
            });
        add_experiment(*command, sweep.experiment);
        command->add_flag(
            "--remove", sweep.remove, "take away what provably belongs to a run that is over");

        command = add(app, "policy", "print the least IAM policy that an experiment needs", [this] {
            return Command(policy);
        });
        add_experiment(*command, policy.experiment);
        add_monitoring(*command, policy.experiment);
        command->add_flag("--all", policy.all, "also what is only looked at where it is allowed");
    }

    void add_history() {
        CLI::App* command =
            add(app, "status", "show what runs now", [this] { return Command(status); });
        command->add_option("RUN", status.run, "a run's id");
        command->add_flag("--json", status.json, "machine-readable output");

        command = add(app, "runs", "list past runs, or show one", [this] { return Command(runs); });
        command->add_option("RUN", runs.run, "a run's id");
        command->add_option("-n,--number", runs.count_max, "how many")
            ->check(CLI::Range(1, 10'000))
            ->capture_default_str();
        command->add_flag("--json", runs.json, "machine-readable output");

        command = add(app, "abort", "end a run from anywhere, and put its hosts back", [this] {
            return Command(abort);
        });
        command->add_option("RUN", abort.run, "a run's id; not needed when only one runs");
        command->add_flag("--json", abort.json, "machine-readable output");

        command = add(app,
                      "recover",
                      "close the runs whose runner has died, and see that their hosts are back",
                      [this] { return Command(recover); });
        command->add_option("RUN", recover.run, "a run's id; all of them where none is given");
        command
            ->add_flag(
                "--forget",
                recover.forget,
                "close it without looking at its hosts: for a cluster that does not exist any more")
            ->needs("RUN");
        command->add_flag("--json", recover.json, "machine-readable output");
    }

    void add_doctor() {
        CLI::App* command = app.add_subcommand(
            "doctor", "name the cause of a disconnected ECS agent, and what to do");
        add_doctor_options(*command, doctor);
        CLI::App* collect = command->add_subcommand("collect",
                                                    "an archive of this host's evidence, without "
                                                    "secrets, that AWS's support can read, too");
        collect->add_option("-o,--output",
                            doctor_collect.output,
                            "a file that is not there yet; else collect-INSTANCE-TIME.tgz, here");
        command->final_callback([this, collect] {
            if (!collect->parsed()) {
                chosen = Command(doctor);
                return;
            }
            // The archive is of the host that this runs on, whoever is named.
            if (const std::string other = named_beside_collect(doctor); !other.empty())
                throw CLI::ValidationError(
                    "collect",
                    fmt::format("takes no {}: it makes an archive of the host that it runs on; run "
                                "it there",
                                other));
            chosen = Command(doctor_collect);
        });
    }

    void add_helper() {
        CLI::App* helper =
            app.add_subcommand("helper", "squall-host, which hosts run for faults on HTTP traffic");
        helper->require_subcommand(1);
        CLI::App* command = add(*helper,
                                "publish",
                                "put what lies beside squall into a bucket of S3, under its "
                                "SHA-256; what is there is not sent again",
                                [this] { return Command(helper_publish); });
        command->add_option("--bucket", helper_publish.bucket, "as HELPER_BUCKET names it to runs")
            ->required();
        command->add_option("--prefix", helper_publish.prefix, "as HELPER_PREFIX")
            ->capture_default_str();
        command->add_option("--region", helper_publish.region, "of the bucket; else AWS_REGION");
        command->add_option("--assume-role-arn", helper_publish.role_arn, "a role to assume");
        command->add_flag("--json", helper_publish.json, "machine-readable output");
    }

    void add_lab() {
        CLI::App* lab = app.add_subcommand("lab", "a practice cluster on this machine");
        lab->require_subcommand(1);
        CLI::App* command =
            add(*lab,
                "up",
                "bring it up; in the foreground, until Ctrl-C, unless --detach; needs no "
                "root where an ordinary user may have namespaces",
                [this] { return Command(lab_up); });
        add_lab_up_options(*command, lab_up);

        add(*lab, "down", "take it down, and clean up what is left of it", [] {
            return Command(LabDownCommand{});
        });

        command = add(*lab, "status", "show its instances and services", [this] {
            return Command(lab_status);
        });
        command->add_flag("--json", lab_status.json, "machine-readable output");

        command =
            add(*lab, "events", "print its state-change events, one JSON object a line", [this] {
                return Command(lab_events);
            });
        command->add_option("--after", lab_events.after, "only those after this sequence number")
            ->capture_default_str();

        command = add(*lab, "mail", "print the mail that SNS has sent, newest last", [this] {
            return Command(lab_mail);
        });
        command->add_option("--to", lab_mail.to, "only to this address");
        command->add_option("--topic", lab_mail.topic, "only of this topic");
        command->add_flag("--json", lab_mail.json, "one JSON object a line");
        command->add_flag("--follow", lab_mail.follow, "go on until Ctrl-C");

        add(*lab, "env", "print what a shell needs to talk to it: eval \"$(squall lab env)\"", [] {
            return Command(LabEnvCommand{});
        });

        add_lab_api(*lab, lab_api, [this] { chosen = lab_api; });
        add_lab_break(*lab, lab_break, [this] { chosen = lab_break; });
        add_lab_mend(*lab, lab_mend, [this] { chosen = lab_mend; });

        command = add(*lab,
                      "spot",
                      "take a container instance back as EC2 does with Spot Instances: a warning, "
                      "and then its end",
                      [this] { return Command(lab_spot); });
        command->add_option("INSTANCE", lab_spot.instance, "as of `lab exec`")->required();
        command->add_option("--notice", lab_spot.notice, "how long before: 30s")
            ->capture_default_str();

        CLI::App* exec = add(*lab,
                             "exec",
                             "run a command inside a container instance: exec INSTANCE -- CMD",
                             [this] { return exec_command(); });
        exec->add_option("INSTANCE",
                         lab_exec.instance,
                         "instance id, container instance ARN, or its number (1 for the first)")
            ->required();
        exec->add_option("CMD", lab_exec.command, "the command and its arguments, after --");
    }

    void add_monitor() {
        CLI::App* monitor = app.add_subcommand(
            "monitor", "tell once when an ECS agent has really gone, and when it is back");
        monitor->require_subcommand(1);
        CLI::App* command =
            add(*monitor,
                "run",
                "watch all clusters of a region, until Ctrl-C; a JSON object for each decision",
                [this] { return Command(monitor_run); });
        add_monitor_run_options(*command, monitor_run);
        command = add(*monitor, "status", "show what the monitor on this machine knows", [this] {
            return Command(monitor_status);
        });
        add_monitor_place_options(*command, monitor_status.place);
        command->add_flag("--json", monitor_status.json, "machine-readable output");
        command =
            add(*monitor, "explain", "show what led to what: the timeline of one instance", [this] {
                return Command(monitor_explain);
            });
        command->add_option("NODE", monitor_explain.node, "an EC2 instance id, or mi-…")
            ->required();
        add_monitor_place_options(*command, monitor_explain.place);
        command->add_flag("--json", monitor_explain.json, "machine-readable output");
        command = add(*monitor,
                      "mute",
                      "expect disconnections for a while: they are recorded, and nobody is told",
                      [this] { return Command(monitor_mute); });
        add_monitor_mute_options(*command, monitor_mute);
        command = add(*monitor, "unmute", "end a mute before its time", [this] {
            return Command(monitor_unmute);
        });
        command->add_option("ID", monitor_unmute.id, "as mute and status show it")->required();
        add_monitor_place_options(*command, monitor_unmute.place, /*with_bus=*/true);
        command->add_flag("--json", monitor_unmute.json, "machine-readable output");
        add_monitor_scenarios(*monitor);
    }

    void add_monitor_scenarios(CLI::App& monitor) {
        CLI::App* command =
            add(monitor,
                "simulate",
                "replay a scenario through the monitor's judgement on its own clock; "
                "a JSON object for each decision",
                [this] { return Command(monitor_simulate); });
        command->add_option("SCENARIO", monitor_simulate.scenario, "a file of JSON lines, or -")
            ->required();
        add_monitor_settings(*command, monitor_simulate.settings);
        command->add_flag("--explain",
                          monitor_simulate.explain,
                          "also what led to the decisions, as lines of kind \"trace\"");
        command = add(monitor,
                      "generate",
                      "print a scenario made by chance; its last line has the truth",
                      [this] { return Command(monitor_generate); });
        add_monitor_generate_options(*command, monitor_generate.options);
    }

    // The words after -- belong to the command: the parser, which reads lists in brackets, never
    // sees them.
    Command exec_command() {
        lab_exec.command.insert(lab_exec.command.end(), after_dashes.begin(), after_dashes.end());
        if (lab_exec.command.empty()) throw CLI::RequiredError("CMD");
        return lab_exec;
    }
};

// A mistyped command, with the one that may have been meant; the parser only says that one is
// missing.
std::optional<std::string> unknown_command(const CLI::App& app, int argc, char** argv) {
    const CLI::App* within = &app;
    std::string prefix;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.empty() || word[0] == '-') return std::nullopt;
        std::vector<std::string> names;
        const CLI::App* found = nullptr;
        for (const CLI::App* command : within->get_subcommands({})) {
            names.push_back(command->get_name());
            if (command->get_name() == word) found = command;
        }
        if (names.empty()) return std::nullopt;
        if (found == nullptr) {
            const auto meant = nearest(word, names);
            return fmt::format("there is no command '{}{}': {}",
                               prefix,
                               word.substr(0, 80),
                               meant ? "did you mean " + prefix + *meant + "?"
                                     : "there are " + join(names, ", "));
        }
        within = found;
        prefix += word + " ";
    }
    return std::nullopt;
}

} // namespace

Command parse_command_line(int argc, char** argv) {
    if (argc > 3 && std::string_view(argv[1]) == "completion"
        && std::string_view(argv[2]) == "words" && std::string_view(argv[3]) == "--")
        return CompletionCommand{{}, {argv + 4, argv + argc}};
    Parser parser;
    if (argc > 2 && std::string_view(argv[1]) == "lab" && std::string_view(argv[2]) == "exec") {
        char** const end = argv + argc;
        char** const dashes = std::find_if(
            argv, end, [](const char* word) { return std::string_view(word) == "--"; });
        if (dashes != end) {
            parser.after_dashes.assign(dashes + 1, end);
            argc = static_cast<int>(dashes - argv);
        }
    }
    if (const auto mistake = unknown_command(parser.app, argc, argv)) {
        log::print("squall: {}\n", *mistake);
        return Answered{exit_usage};
    }
    try {
        parser.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream help;
        const int code = parser.app.exit(error, help, std::cerr);
        Output().write(help.str());
        return Answered{code == 0 ? 0 : exit_usage};
    }
    if (parser.wants_version) return VersionCommand{};
    if (parser.app.get_subcommands().empty()) {
        log::print("{}", parser.app.help());
        return Answered{exit_usage};
    }
    return parser.chosen;
}

void with_command_tree(const std::function<void(const CLI::App&)>& look) {
    const Parser parser;
    look(parser.app);
}

} // namespace squall::app
