#!/bin/sh
# What `squall monitor run` stands on, by the AWS CLI: a queue with dead letters, a rule that forwards every change, a topic.
#   pipeline.sh create NAME [EMAIL]     again is no harm; prints what squall-monitor.env needs
#   pipeline.sh delete NAME
# AWS_ENDPOINT_URL (the practice cluster's) holds with versions of the CLI, too, that do not know it.
set -eu

aws() {
    command aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"
}

usage() {
    sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

attribute() {
    aws sqs get-queue-attributes --queue-url "$1" --attribute-names QueueArn --query Attributes.QueueArn --output text
}

create() {
    letters=$(aws sqs create-queue --queue-name "$name-dead-letters" --query QueueUrl --output text)
    queue=$(aws sqs create-queue --queue-name "$name" --query QueueUrl --output text)
    rule=$(aws events put-rule --name "$name" --query RuleArn --output text --event-pattern \
        '{"source":["aws.ecs","aws.ec2","aws.autoscaling","squall"]}')
    queue_arn=$(attribute "$queue")
    # Attributes are JSON with two texts in it that are JSON themselves.
    redrive='{\"deadLetterTargetArn\":\"'$(attribute "$letters")'\",\"maxReceiveCount\":5}'
    policy='{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},'
    policy=$policy'\"Action\":\"sqs:SendMessage\",\"Resource\":\"'$queue_arn'\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"'$rule'\"}}}]}'
    aws sqs set-queue-attributes --queue-url "$queue" --attributes \
        '{"VisibilityTimeout":"60","MessageRetentionPeriod":"172800","RedrivePolicy":"'"$redrive"'","Policy":"'"$policy"'"}'
    failed=$(aws events put-targets --rule "$name" --targets "Id=queue,Arn=$queue_arn" --query FailedEntryCount --output text)
    [ "$failed" = 0 ] || { echo "pipeline.sh: the rule $name did not take the queue as its target" >&2; exit 1; }
    topic=$(aws sns create-topic --name "$name" --query TopicArn --output text)
    if [ -n "$email" ]; then
        aws sns subscribe --topic-arn "$topic" --protocol email --notification-endpoint "$email" >/dev/null
        echo "AWS sends $email a mail with a link: follow it, or nothing arrives." >&2
    fi
    echo "SQUALL_QUEUE=$queue"
    echo "SQUALL_TOPIC=$topic"
}

delete() {
    aws events remove-targets --rule "$name" --ids queue >/dev/null
    aws events delete-rule --name "$name"
    for queue in "$name" "$name-dead-letters"; do
        aws sqs delete-queue --queue-url "$(aws sqs get-queue-url --queue-name "$queue" --query QueueUrl --output text)"
    done
    topic=$(aws sns list-topics --query "Topics[?ends_with(TopicArn, ':$name')].TopicArn" --output text)
    [ -z "$topic" ] || aws sns delete-topic --topic-arn "$topic"
}

[ $# -ge 2 ] || usage
name=$2
email=${3-}
case $1 in
create) create ;;
delete) delete ;;
*) usage ;;
esac
