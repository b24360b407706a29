"""What is to be seen from afar as it is on the host."""
import pytest

from conftest import wait_for
from lab_practice import all_is_well, practice  # noqa: F401


def first(told):
    assert told['findings'], told
    return told['findings'][0]


def test_a_supervisor_that_is_stopped_after_its_agent_has_ended(practice):
    main = practice.sh(1, 'systemctl show ecs -p MainPID --value')
    practice.sh(1, f'kill -STOP {main} && kill -KILL $(cat /run/ecs-agent.pid)')
    wait_for('its agent is away', lambda: not practice.is_connected(), 60)
    for ask in (practice.live, practice.from_afar):
        _, told = practice.ask(ask)
        root = first(told)
        assert (root['cause'], root['certainty'], root['symptom']) == ('AGENT_HUNG', 'certain', False), practice.tells()
        assert f'process {main} ' in root['summary'] and root['remedy'][0] == f'sudo kill -CONT {main}', practice.tells()
        assert 'agent-process' not in [one['check'] for one in told['healthy']], practice.tells()
    practice.sh(1, first(told)['remedy'][0].removeprefix('sudo '))
    wait_for('the agent is back', practice.is_connected, 60)


def test_a_state_folder_on_a_filesystem_that_nobody_can_write_to(practice):
    practice.sh(1, 'mount -t tmpfs -o ro tmpfs /var/lib/ecs; systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            root = first(told)
            assert root['cause'] == 'DISK_FULL' and root['summary'].startswith('/var/lib/ecs is read-only'), practice.tells()
            assert 'disk' not in [one['check'] for one in told['healthy']], practice.tells()
    finally:
        practice.sh(1, 'umount /var/lib/ecs; systemctl reset-failed ecs; systemctl restart ecs')


def test_a_data_folder_that_was_made_read_only_by_itself(practice):
    data = '/var/lib/ecs/data'
    practice.sh(1, f'mount --bind {data} {data} && mount -o remount,ro,bind {data} && systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        wait_for('it has said so', lambda: 'agent.db: read-only file system' in practice.sh(1, 'cat /var/log/ecs/ecs-agent.log'), 60)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            root = first(told)
            assert (root['cause'], root['certainty']) == ('DISK_FULL', 'certain') and root['summary'].startswith(f'{data} is read-only'), practice.tells()
            assert 'dmesg' in root['remedy'][0] and f'`sudo mount -o remount,rw {data}`' in root['remedy'][1] and len(root['remedy']) == 2, practice.tells()
            assert 'disk' not in [one['check'] for one in told['healthy']], practice.tells()
    finally:
        practice.sh(1, f'umount {data}; systemctl reset-failed ecs; systemctl restart ecs')


@pytest.mark.parametrize('data, options, fill, summary', [
    ('/mnt/ecs-data', 'size=1m', 'dd if=/dev/zero of=/mnt/ecs-data/full bs=64k', 'no space left: /mnt/ecs-data'),
    ('/var/lib/ecs/data', 'nr_inodes=4', 'touch /var/lib/ecs/data/1 /var/lib/ecs/data/2 /var/lib/ecs/data/3', 'no inode left: /var/lib/ecs/data'),
])
def test_a_data_folder_with_a_filesystem_of_its_own_that_is_full(practice, data, options, fill, summary):
    config = '/etc/ecs/ecs.config'
    practice.sh(1, f'mkdir -p {data} && mount -t tmpfs -o {options} tmpfs {data} && {{ {fill} 2>/dev/null; cp {config} /tmp/config; }}')
    practice.sh(1, f"printf 'ECS_DATADIR={data}\\n' >>{config}; systemctl restart ecs")
    try:
        for ask, says in ((practice.live, summary), (practice.from_afar, f'{data} is full, or out of inodes')):
            _, told = practice.ask(ask)
            root = first(told)
            assert (root['cause'], root['certainty']) == ('DISK_FULL', 'certain') and root['summary'].startswith(says), practice.tells()
            assert f' {data} ' in root['remedy'][0], practice.tells()
            assert 'disk' not in [one['check'] for one in told['healthy']], practice.tells()
    finally:
        practice.sh(1, f'cp /tmp/config {config}; umount {data}; systemctl reset-failed ecs; systemctl restart ecs')
    wait_for('the agent is back', practice.is_connected, 60)


def test_a_host_without_room_for_what_ssm_would_run_there(practice):
    practice.sh(1, 'mount -o remount,size=4m / && { dd if=/dev/zero of=/full bs=64k 2>/dev/null || true; }; systemctl stop ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        code, told = practice.ask(practice.from_afar)
        root = first(told)
        assert code == 1 and (root['cause'], root['certainty']) == ('DISK_FULL', 'likely'), practice.tells()
        assert 'No space left on device' in root['evidence'][0]['text'], practice.tells()
    finally:
        practice.sh(1, 'rm -f /full; mount -o remount,size=512m /; systemctl reset-failed ecs; systemctl start ecs')


def test_a_rule_of_the_firewall_of_which_only_the_kernel_knows_whom_it_means(practice):
    rule = '-p tcp -m owner --uid-owner 0 -m tcp --dport 443 -j DROP'
    practice.sh(1, f'iptables -A OUTPUT {rule} && systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 90)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            [look] = [one for one in told['could_not_look'] if one['check'] == 'firewall']
            assert '--uid-owner 0' in look['summary'] and look['how'] == 'sudo iptables -L OUTPUT -v -n', practice.tells()
            assert 'firewall' not in [one['check'] for one in told['healthy']], practice.tells()
    finally:
        practice.sh(1, f'iptables -D OUTPUT {rule}')


@pytest.mark.parametrize('made, ended, quoted', [
    ('iptables -t raw -A OUTPUT -p tcp --dport 443 -j DROP', 'iptables -t raw -F OUTPUT', 'iptables -t raw -A OUTPUT -p tcp'),
    ('nft add table inet sqt && nft add chain inet sqt output "{ type filter hook output priority 0; policy accept; }" && nft add rule inet sqt output tcp dport 443 drop',
     'nft delete table inet sqt', 'nft inet sqt output: tcp dport 443 drop')])
def test_rules_of_other_tables_are_quoted_and_not_called_healthy(practice, made, ended, quoted):
    practice.sh(1, f'{made} && systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 90)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            [look] = [one for one in told['could_not_look'] if one['check'] == 'firewall']
            assert look['summary'].startswith('rules of other tables are not followed') and quoted in look['summary'], practice.tells()
            assert 'nft list ruleset' in look['how'] and 'firewall' not in [one['check'] for one in told['healthy']], practice.tells()
    finally:
        practice.sh(1, f'{ended}; systemctl reset-failed ecs; systemctl restart ecs')


def test_authorities_that_were_cut_short_are_no_proxy_that_looks_into_tls(practice):
    bundle = '/etc/ssl/certs/ca-certificates.crt'
    practice.sh(1, f'cp -a {bundle} /root/authorities && head -c 5000 /root/authorities >{bundle} && systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            [found] = [one for one in told['findings'] if one['cause'] == 'TLS_TRUST']
            assert bundle in found['summary'] and 'update-ca-certificates' in ' '.join(found['remedy']), practice.tells()
            assert 's_client' not in ' '.join(found['remedy']) and 'not trusted' not in found['summary'], practice.tells()
    finally:
        practice.sh(1, f'cp -a /root/authorities {bundle} && rm /root/authorities; systemctl reset-failed ecs; systemctl restart ecs')


def test_a_proxy_that_the_unit_sets_is_named_with_its_file(practice):
    file = '/etc/systemd/system/ecs.service.d/http-proxy.conf'
    practice.sh(1, f'mkdir -p {file.rsplit("/", 1)[0]} && printf "[Service]\\nEnvironment=HTTPS_PROXY=http://10.0.0.20:9\\n" >{file} && systemctl daemon-reload && systemctl restart ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            root = first(told)
            assert root['cause'] == 'NET_PROXY' and root['remedy'][0].startswith(f'HTTPS_PROXY is set in {file}: '), practice.tells()
    finally:
        practice.sh(1, f'rm {file}; systemctl daemon-reload; systemctl reset-failed ecs; systemctl restart ecs')


def test_a_file_in_place_of_the_folder_for_the_state(practice):
    data = '/var/lib/ecs/data'
    practice.sh(1, f'systemctl stop ecs && mv {data} {data}.was && echo x >{data} && systemctl start ecs')
    try:
        wait_for('its agent is away', lambda: not practice.is_connected(), 60)
        for ask in (practice.live, practice.from_afar):
            _, told = practice.ask(ask)
            root = first(told)
            assert root['cause'] == 'DATA_DIR' and f'{data} is a file' in root['summary'], practice.tells()
            assert [f'sudo mv {data} ' in step for step in root['remedy']] == [True], practice.tells()
    finally:
        practice.sh(1, f'systemctl stop ecs; rm {data} && mv {data}.was {data}; systemctl reset-failed ecs; systemctl start ecs')
