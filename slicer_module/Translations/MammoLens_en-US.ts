<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US">
 <context>
  <name>MammoLens</name>
  <message>
   <source>Accept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Access token, if the server requires one. It is not saved.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Address of the MammoLens server.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Address:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Adds the heat levels as segments, to edit them or export them as DICOM SEG.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Adjust finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Analyse the prior</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Ask me first:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Both</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancel</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancels the request under way; nothing changes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Certificate authority of the server (PEM file), if its certificate is not publicly signed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Certificates:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Click a finding to show it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Click around a region in a view; finish with a right click or Enter (D).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Comment (optional)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Confirm normal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connect</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connect to the server and read the worklist.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Continues where the job stopped.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Current</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Decision</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Do not use the selected model; it is kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Does not start from the model in use.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Double click opens an exam.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Draw region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Each current view with its prior view</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Epochs:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Filter: patient, date, view, status</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Findings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From level:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From scratch:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heat below this level is not shown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Hides exams that have a decision.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>How strongly the heat covers the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Keep the current model</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Keys: N next exam, H heat on or off, B current, both or prior, C confirm normal, M mark finding, Q poor quality, D draw region, U undo.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learning</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learns from exams that were confirmed as normal. The new model is used only if the gate finds it no worse.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Levels as segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Mark finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Models</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Most anomalous first. Double click opens an exam.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Newest first. Select one to see the checks of the gate.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Next exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Number of passes over all images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opacity:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Open exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opens the next exam that has no decision (N).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Part of MammoLens, under the Apache License 2.0.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Poor quality</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Prior</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Prior exams</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Read the worklist again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reads mammograms with the heat of a model that learned what normal ones look like: connect to a MammoLens server, open an exam of the worklist, confirm it as normal or mark a finding. &lt;b&gt;Research use only, not a medical device.&lt;/b&gt;</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recalibrate</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recalibrates the model in use on exams that were confirmed as normal, without training. For a new machine or software version.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reload</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Remove region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Removes the last region.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Research use only, not a medical device</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Resume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Roll back</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Saved in the history with your name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Saved with the decision.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Server</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Show heat:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Show the images of the selected exam with their heat.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Shows exams that contain all of these words.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Shows or hides the heat (H).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stop</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stops the job; the model in use stays.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Suspect normals</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The candidate compared with the model in use, on patients that neither was trained on.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The current exam alone</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The new model awaits approval, even if it passes the gate.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The prior exam alone</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The prior exam that is compared.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam cannot be read well enough (Q).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam has a finding; the regions are saved with it (M).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam is normal (C).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Token:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Train</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Turns the selected finding into a region whose points can be moved.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undo</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undoes the last decision (U).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unreviewed only</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use the previous model again. Requires a reason.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use the selected model from now on.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>What each region shows and its BI-RADS category; both are optional.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Worklist</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>as the model in use</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.decision_part</name>
  <message>
   <source>BI-RADS</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Confirm a second time</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Confirm normal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Finding type</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Regions saved with a finding: {number}</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.findings_part</name>
  <message>
   <source>Area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>New</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No findings.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not analysed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not comparable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Prior</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Seen before</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>View</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>and {number} with lower peaks</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.heat_part</name>
  <message>
   <source>{level} and higher</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.learning_part</name>
  <message>
   <source>Accepted as normal, but unlike normal exams: left out of training until confirmed a second time.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No suspect normals.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>p-value</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.learning_words</name>
  <message>
   <source>In use: {model}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No model is in use.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No training yet. The model learns from exams that were confirmed as normal.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not compared with another model.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Promoted against the gate by {name}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Queued behind it: {number}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>since {time}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>trained on {number} patients</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.models_part</name>
  <message>
   <source>Accept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Calibrated on {number} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Candidate</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>In use</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Model</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason (required against the gate's verdict)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason (required to roll back)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Result</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Since</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>State</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Trained on {number} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use anyway</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{number} epochs</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.priors_part</name>
  <message>
   <source>No comparable prior view: {views}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Prior exams do not affect score, category or flag.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cannot be analysed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not analysed</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.server_part</name>
  <message>
   <source>Connected to {url}, MammoLens {version}, model {model}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no model in use</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.words</name>
  <message>
   <source>1 region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Analysing the prior exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connecting</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Earlier decisions</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loading the heat levels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loading the prior exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Missing views: {views}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No exam is open. Choose one in the worklist.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not reviewed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opening the exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading jobs and models</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the worklist</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Saving the decision</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Suspect normal: this exam was confirmed as normal, but {reason}. No model trains on it until a reader confirms it again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undoing the decision</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>by {reviewer}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>confirmed twice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>undone</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{number} regions</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.worklist_part</name>
  <message>
   <source>Date</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recent exams differ from those of the calibration.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Score</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Share of normal exams that are at least as anomalous. Bold: flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Status</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Tenth of normal exams that the exam falls in; 10 is the most anomalous.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>all four</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>p-value</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{count}, the first {most} shown</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{fitting} of {total} exams</source>
   <translation type="unfinished" />
  </message>
 </context>
</TS>
