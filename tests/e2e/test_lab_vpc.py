"""The VPC of the lab as boto3 reads and changes it, what that does to packets, and what the doctor says of it from afar."""
import json

import pytest
from conftest import Lab, wait_for
from lab_api import refused

VPC, GROUP, ACL, TABLE, NAT = 'vpc-0squalllab', 'sg-0000000000000000d', 'acl-0000000000000000d', 'rtb-0000000000000000d', 'nat-0000000000000000d'
EVERYTHING = [{'IpProtocol': '-1', 'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}]
HTTPS = {'IpProtocol': 'tcp', 'FromPort': 443, 'ToPort': 443}


@pytest.fixture(scope='module')
def lab():
    lab = Lab(1)
    yield lab
    lab.down()


@pytest.fixture(scope='module')
def ec2(lab):
    return lab.client('ec2')


@pytest.fixture(autouse=True)
def all_is_well(lab):
    wait_for('the agent is connected', lambda: all(lab.connected().values()), 90)


def reaches(lab, host='ecs.us-east-1.amazonaws.com'):
    return lab.exec(1, 'curl', '-sS', '-m', '3', '-o', '/dev/null', f'https://{host}/').code == 0


def doctor(lab):
    done = lab.squall('doctor', '--cluster', 'demo', '--instance', lab.status()['instances'][0]['instance_id'], '--json')
    return json.loads(done.out)


def look(told, check):
    return [one['summary'] for kind in ('healthy', 'could_not_look') for one in told[kind] if one['check'] == check]


def test_what_aws_makes_of_a_vpc_is_there(lab, ec2):
    [vpc] = ec2.describe_vpcs()['Vpcs']
    assert (vpc['VpcId'], vpc['CidrBlock'], vpc['IsDefault']) == (VPC, '10.0.0.0/16', True)
    [group] = ec2.describe_security_groups(Filters=[{'Name': 'vpc-id', 'Values': [VPC]}])['SecurityGroups']
    assert (group['GroupId'], group['GroupName']) == (GROUP, 'default')
    [rule] = group['IpPermissionsEgress']
    assert rule['IpProtocol'] == '-1' and rule['IpRanges'] == [{'CidrIp': '0.0.0.0/0'}] and 'FromPort' not in rule
    assert group['IpPermissions'][0]['UserIdGroupPairs'][0]['GroupId'] == GROUP
    [acl] = ec2.describe_network_acls()['NetworkAcls']
    assert acl['IsDefault'] and {one['RuleNumber'] for one in acl['Entries']} == {100, 32767} and len(acl['Associations']) == 6
    [table] = ec2.describe_route_tables(Filters=[{'Name': 'association.main', 'Values': ['true']}])['RouteTables']
    assert [(one['DestinationCidrBlock'], one.get('NatGatewayId', one.get('GatewayId')), one['State']) for one in table['Routes']] == \
        [('10.0.0.0/16', 'local', 'active'), ('0.0.0.0/0', NAT, 'active')]
    assert table['Associations'][0]['Main'] is True
    [nat] = ec2.describe_nat_gateways(Filters=[{'Name': 'vpc-id', 'Values': [VPC]}])['NatGateways']
    assert (nat['NatGatewayId'], nat['State'], nat['ConnectivityType']) == (NAT, 'available', 'public')
    [gateway] = ec2.describe_internet_gateways(Filters=[{'Name': 'attachment.vpc-id', 'Values': [VPC]}])['InternetGateways']
    assert gateway['Attachments'] == [{'VpcId': VPC, 'State': 'available'}]
    assert ec2.describe_vpc_endpoints(Filters=[{'Name': 'vpc-id', 'Values': [VPC]}])['VpcEndpoints'] == []
    for attribute in ('enableDnsSupport', 'enableDnsHostnames'):
        assert ec2.describe_vpc_attribute(VpcId=VPC, Attribute=attribute)[attribute[0].upper() + attribute[1:]] == {'Value': True}


def test_an_instance_tells_of_its_place(lab, ec2):
    [instance] = ec2.describe_instances()['Reservations'][0]['Instances']
    assert instance['SecurityGroups'] == [{'GroupId': GROUP, 'GroupName': 'default'}] and instance['VpcId'] == VPC and instance['SubnetId'].startswith('subnet-')
    assert instance['IamInstanceProfile']['Arn'].endswith(':instance-profile/ecsInstanceRole')
    assert instance['MetadataOptions']['HttpEndpoint'] == 'enabled' and instance['MetadataOptions']['HttpPutResponseHopLimit'] == 2
    assert 'PublicIpAddress' not in instance


def test_the_doctor_sees_a_healthy_vpc(lab):
    told = doctor(lab)
    assert told['verdict'] == 'healthy' and look(told, 'vpc') and look(told, 'instance-profile'), told


def test_a_revoked_rule_closes_the_way_and_the_doctor_names_it_without_ssm(lab, ec2):
    ec2.revoke_security_group_egress(GroupId=GROUP, IpPermissions=EVERYTHING)
    try:
        assert not reaches(lab)
        lab.sh(1, 'systemctl restart ecs; systemctl stop amazon-ssm-agent')
        wait_for('its agent is gone', lambda: not any(lab.connected().values()), 60)
        lab.squall('lab', 'api', 'break', 'ec2:DescribeNetworkAcls', 'UnauthorizedOperation')
        told = doctor(lab)
        lab.squall('lab', 'api', 'mend')
        root = told['findings'][0]
        assert (root['cause'], root['certainty']) == ('NET_API_TIMEOUT', 'certain'), told
        assert GROUP in root['summary'] and root['remedy'][0].startswith(f'aws ec2 authorize-security-group-egress --group-id {GROUP}'), told
        assert look(told, 'ssm'), 'nothing could be asked on the host'
        assert 'ec2:DescribeNetworkAcls was refused' in look(told, 'vpc-network-acls')[0], 'and the others go on'
        assert look(told, 'vpc-routes') == ['there is a route to ECS'], told
        # What it says helps; without what is not TCP 443, the agent comes back all the same.
        ec2.authorize_security_group_egress(GroupId=GROUP, IpPermissions=[HTTPS | {'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])
        assert reaches(lab)
        wait_for('the agent is back', lambda: all(lab.connected().values()), 120)
        ec2.revoke_security_group_egress(GroupId=GROUP, IpPermissions=[HTTPS | {'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])
    finally:
        ec2.authorize_security_group_egress(GroupId=GROUP, IpPermissions=EVERYTHING)
        lab.sh(1, 'systemctl start amazon-ssm-agent; systemctl restart ecs')


def test_a_deny_of_an_acl_and_a_deleted_route_close_the_way(lab, ec2):
    deny = {'NetworkAclId': ACL, 'RuleNumber': 50, 'Protocol': '6', 'RuleAction': 'deny', 'Egress': True, 'CidrBlock': '52.46.128.12/32', 'PortRange': {'From': 443, 'To': 443}}
    ec2.create_network_acl_entry(**deny)
    assert refused(ec2.create_network_acl_entry, **deny) == 'NetworkAclEntryAlreadyExists'
    assert not reaches(lab, 'ecs-a-1.us-east-1.amazonaws.com') and reaches(lab), 'of ACS alone'
    ec2.delete_network_acl_entry(NetworkAclId=ACL, RuleNumber=50, Egress=True)
    assert reaches(lab, 'ecs-a-1.us-east-1.amazonaws.com')
    ec2.delete_route(RouteTableId=TABLE, DestinationCidrBlock='0.0.0.0/0')
    assert not reaches(lab)
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock='0.0.0.0/0', NatGatewayId=NAT)
    assert reaches(lab)


def test_a_group_of_ones_own_can_be_given_and_taken(lab, ec2):
    instance = lab.status()['instances'][0]['instance_id']
    group = ec2.create_security_group(GroupName='narrow', Description='for a test', VpcId=VPC)['GroupId']
    assert refused(ec2.create_security_group, GroupName='narrow', Description='again') == 'InvalidGroup.Duplicate'
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[group])
    assert ec2.describe_instances(InstanceIds=[instance])['Reservations'][0]['Instances'][0]['SecurityGroups'] == [{'GroupId': group, 'GroupName': 'narrow'}]
    assert reaches(lab) and refused(ec2.delete_security_group, GroupId=group) == 'DependencyViolation'
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[GROUP])
    ec2.delete_security_group(GroupId=group)
    assert refused(ec2.describe_security_groups, GroupIds=[group]) == 'InvalidGroup.NotFound'
